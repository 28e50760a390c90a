variable "region" {
  description = "Region of the states."
  type        = string
  default     = "eu-central-1"
}

variable "repository" {
  description = "Repository on GitHub whose jobs may apply, such as `owner/name`."
  type        = string
  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must be owner/name, without a wildcard: every job of what it matches could take the role."
  }
}

variable "environments" {
  description = "Environments, each with a role for CI and a folder for its state."
  type        = list(string)
  default     = ["dev", "prod"]
  validation {
    condition     = length(var.environments) >= 2
    error_message = "environments must name two at least, such as dev and prod."
  }
}
