variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "region" {
  description = "Region of the resources that the roles may use."
  type        = string
}

variable "account_id" {
  description = "The account that the roles are for."
  type        = string
}

variable "lake_bucket_arn" {
  description = "ARN of the lake's bucket."
  type        = string
}

variable "lake_prefix" {
  description = "Folder of the lake in its bucket."
  type        = string
}

variable "key_arn" {
  description = "KMS key of lake, secrets, topic and queue."
  type        = string
}

variable "repository_arns" {
  description = "Repositories of the images that tasks run."
  type        = list(string)
}

variable "loader_secret_arns" {
  description = "Secrets that a task of `etl` starts with."
  type        = list(string)
}

variable "owner_secret_arns" {
  description = "Secrets that the owner's task starts with."
  type        = list(string)
}

variable "analyst_secret_arn" {
  description = "Secret of the warehouse's role analyst."
  type        = string
}

variable "engineer_secret_arn" {
  description = "Secret of the warehouse's role engineer."
  type        = string
}

variable "answers_bucket_arn" {
  description = "ARN of the bucket in which Athena leaves answers."
  type        = string
}

variable "topic_arn" {
  description = "SNS topic of failures."
  type        = string
}

variable "dead_letter_arn" {
  description = "Queue of what a schedule could not start."
  type        = string
}

variable "redshift_login_arns" {
  description = "User and database of Redshift, as which tasks get a password from IAM; none without Redshift."
  type        = list(string)
  default     = []
}

variable "people_may_write" {
  description = "Whether engineers start runs and administrators administrate; false in prod."
  type        = bool
}
