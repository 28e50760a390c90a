variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "account_id" {
  description = "The account: the end of each bucket's name, which must be unique in the whole world."
  type        = string
}

variable "key_arn" {
  description = "KMS key that encrypts the lake."
  type        = string
}

variable "prefix" {
  description = "Folder of the lake in its bucket."
  type        = string
  default     = "lake"
}

variable "archive_bronze_after_days" {
  description = "Days after which bronze moves to Glacier Instant Retrieval: cheaper to keep, dearer to read."
  type        = number
  validation {
    condition     = var.archive_bronze_after_days >= 30
    error_message = "archive_bronze_after_days must be at least 30: younger bronze is still read. Give 90 or more."
  }
}

variable "keep_deleted_days" {
  description = "Days for which a deleted or overwritten object can be brought back."
  type        = number
  validation {
    condition     = var.keep_deleted_days >= 1
    error_message = "keep_deleted_days must be at least 1. Give the days within which somebody would notice a mistake."
  }
}

variable "keep_logs_days" {
  description = "Days for which access and flow logs are kept."
  type        = number
  validation {
    condition     = var.keep_logs_days >= 1
    error_message = "keep_logs_days must be at least 1."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes buckets that hold something."
  type        = bool
}
