variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "environment" {
  description = "Value of the tag `environment`, by which costs are counted."
  type        = string
}

variable "region" {
  description = "Region of what is watched."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the trail and its log."
  type        = string
}

variable "topic_arn" {
  description = "SNS topic that alarms and budgets publish to, once they may."
  type        = string
}

variable "log_bucket" {
  description = "Bucket of the trail, below `trail/`."
  type        = string
}

variable "trail_role_arn" {
  description = "Role by which the trail writes its log."
  type        = string
}

variable "state_machine_arns" {
  description = "State machines, by source."
  type        = map(string)
}

variable "schedules_enabled" {
  description = "Whether sources are read by themselves, so that an execution is missed."
  type        = bool
}

variable "awaited_hours" {
  description = "Hours within which each source must have been read."
  type        = number
  default     = 26
  validation {
    condition     = var.awaited_hours >= 1 && var.awaited_hours <= 168
    error_message = "awaited_hours must be from 1 to 168: CloudWatch looks back a week. Give a day and a bit for a daily run."
  }
}

variable "warehouse_id" {
  description = "Identifier of the warehouse's server."
  type        = string
}

variable "warehouse_gb" {
  description = "Storage of the warehouse."
  type        = number
}

variable "max_connections" {
  description = "Sessions in the warehouse of which a message is sent."
  type        = number
  default     = 80
}

variable "dead_letter_queue" {
  description = "Name of the queue of what could not be started."
  type        = string
}

variable "task_log_group" {
  description = "Log group of the tasks."
  type        = string
}

variable "workgroup" {
  description = "Workgroup of Athena."
  type        = string
}

variable "keep_logs_days" {
  description = "Days for which the trail's log is kept, one of those that CloudWatch knows; its files stay as long as other logs."
  type        = number
}

variable "monthly_budget_usd" {
  description = "What a month may cost, in US dollars."
  type        = number
  validation {
    condition     = var.monthly_budget_usd > 0
    error_message = "monthly_budget_usd must be more than 0. Give what a month may cost: docs/how-to/aws.md has estimates."
  }
}
