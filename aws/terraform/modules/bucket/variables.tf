variable "name" {
  description = "Name of the bucket, which must be unique in the whole world."
  type        = string
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the bucket if it holds something."
  type        = bool
}

variable "keep_deleted_days" {
  description = "Days for which a deleted or overwritten object can be brought back."
  type        = number
}

variable "key_arn" {
  description = "KMS key that encrypts what is written; without one, S3's own key does."
  type        = string
  default     = null
}

variable "expire_after_days" {
  description = "Days after which every object is deleted; null: never."
  type        = number
  default     = null
}

variable "archive" {
  description = "What moves to Glacier Instant Retrieval after some days: a prefix for each rule."
  type        = map(object({ prefix = string, after_days = number }))
  default     = {}
}

variable "log_to" {
  description = "Bucket and prefix of its access logs; null: none are kept."
  type        = object({ bucket = string, prefix = string })
  default     = null
}

variable "policies" {
  description = "Further statements of the bucket's policy, as JSON documents."
  type        = list(string)
  default     = []
}
