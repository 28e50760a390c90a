variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`; the application's own."
  type        = string
}

variable "region" {
  description = "Region of the application."
  type        = string
}

variable "account_id" {
  description = "The account, whose applications may take the role."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the workers."
  type        = string
}

variable "vpc_cidr" {
  description = "Addresses of the VPC, where the warehouse is."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the workers."
  type        = list(string)
}

variable "key_arn" {
  description = "KMS key of the log."
  type        = string
}

variable "image" {
  description = "Image with Spark for EMR, by its tag or digest."
  type        = string
  validation {
    condition     = !endswith(var.image, ":latest")
    error_message = "image must have a version, not latest: a job must run what was tested."
  }
}

variable "repository" {
  description = "Name of that image's repository, from which EMR pulls it."
  type        = string
}

variable "max_cpu" {
  description = "CPUs of all workers together, at most; each has 4 GB of memory."
  type        = number
  validation {
    condition     = var.max_cpu >= 12
    error_message = "max_cpu must be at least 12: a driver and two executors have four each."
  }
}

variable "settings" {
  description = "Settings of `etl`, the lake's URL among them, and where the warehouse is."
  type        = map(string)
  validation {
    condition     = can(var.settings["ETL_LAKE__URL"]) && !can(var.settings["PGPASSWORD"])
    error_message = "settings must hold ETL_LAKE__URL, and no password: whoever reads a job would know it."
  }
}

variable "login_secret_arn" {
  description = "Secret with the login of the pipeline in the warehouse, where the run ledger is."
  type        = string
}

variable "lake_policy" {
  description = "What a task of the pipeline may do on AWS: the policy's JSON."
  type        = string
}

variable "keep_logs_days" {
  description = "Days for which the log is kept, one of those that CloudWatch knows."
  type        = number
}
