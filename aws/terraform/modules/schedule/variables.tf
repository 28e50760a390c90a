variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "schedules" {
  description = "When each source is read, in UTC, such as `cron(0 6 * * ? *)`."
  type        = map(string)
  validation {
    condition     = alltrue([for text in var.schedules : can(regex("^(cron|rate)\\(.+\\)$", text))])
    error_message = "schedules must look like cron(0 6 * * ? *) or rate(1 hour)."
  }
}

variable "state_machine_arns" {
  description = "State machines, by source."
  type        = map(string)
}

variable "role_arn" {
  description = "Role that starts them."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the schedules and the queue."
  type        = string
}

variable "enabled" {
  description = "Whether anything starts by itself."
  type        = bool
}
