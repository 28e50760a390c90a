variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "account_id" {
  description = "The account: the end of each bucket's name, which must be unique in the whole world."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the lake, which encrypts answers as well."
  type        = string
}

variable "lake_bucket" {
  description = "Name of the lake's bucket."
  type        = string
}

variable "lake_prefix" {
  description = "Folder of the lake in its bucket."
  type        = string
}

variable "crawler_role_arn" {
  description = "Role of the crawler, which reads bronze."
  type        = string
}

variable "crawler_schedule" {
  description = "When bronze is looked at, such as `cron(0 3 ? * SUN *)`; null: when somebody starts the crawler."
  type        = string
  default     = null
}

variable "max_gb_per_query" {
  description = "How much a question may read before it is stopped; Athena charges by it."
  type        = number
  validation {
    condition     = var.max_gb_per_query >= 1 && floor(var.max_gb_per_query) == var.max_gb_per_query
    error_message = "max_gb_per_query must be a whole number, at least 1. Give the most that one question may cost, in GB: 200 are about a dollar."
  }
}

variable "keep_answers_days" {
  description = "Days for which answers are kept."
  type        = number
  default     = 7
}
