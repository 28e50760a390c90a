variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the warehouse."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones at least."
  type        = list(string)
}

variable "client_security_group_ids" {
  description = "Security groups that may open a connection, by a name of their own."
  type        = map(string)
}

variable "key_arn" {
  description = "KMS key that encrypts storage, backups and secrets."
  type        = string
}

variable "instance_class" {
  description = "Size of the server, such as `db.t4g.small`."
  type        = string
  validation {
    condition     = startswith(var.instance_class, "db.")
    error_message = "instance_class must begin with `db.`, such as db.t4g.small."
  }
}

variable "storage_gb" {
  description = "Storage to begin with."
  type        = number
  validation {
    condition     = var.storage_gb >= 20
    error_message = "storage_gb must be at least 20: RDS gives no less on gp3."
  }
}

variable "max_storage_gb" {
  description = "How far the storage may grow by itself."
  type        = number
  validation {
    condition     = var.max_storage_gb >= var.storage_gb * 1.1
    error_message = "max_storage_gb must exceed storage_gb by a tenth at least. Give the most that you would pay for."
  }
}

variable "multi_az" {
  description = "Whether a second server in another zone stands by."
  type        = bool
}

variable "backup_days" {
  description = "Days for which the warehouse can be restored to any second."
  type        = number
  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "backup_days must be from 1 to 35; 0 would switch backups off."
  }
}

variable "deletion_protection" {
  description = "Whether deleting is refused; if so, a last snapshot is made once somebody has switched this off."
  type        = bool
}

variable "logins" {
  description = "Roles of the warehouse that log in with a password of Secrets Manager."
  type        = list(string)
  default     = ["etl_loader", "engineer", "analyst", "metrics"]
}

variable "passwords_version" {
  description = "Raise it to give every login a new password; then run the task `owner` again."
  type        = number
  default     = 1
}
