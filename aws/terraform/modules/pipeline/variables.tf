variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "region" {
  description = "Region, for the logs."
  type        = string
}

variable "account_id" {
  description = "The account, whose alarms and budgets may send messages."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "vpc_cidr" {
  description = "Addresses of the VPC, where the warehouse is."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the tasks."
  type        = list(string)
}

variable "key_arn" {
  description = "KMS key of logs and messages."
  type        = string
}

variable "role_arns" {
  description = "Roles of tasks: `task`, `execution`, `owner`, `owner-execution`."
  type        = map(string)
}

variable "state_machine_role_arn" {
  description = "Role of the state machines."
  type        = string
}

variable "image" {
  description = "Image of the pipeline, by its tag or digest."
  type        = string
  validation {
    condition     = can(regex("(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image must end in a tag or a digest, and not in :latest, which is something else tomorrow. Give what `.ci/image` has pushed, such as …/etl@sha256:…"
  }
}

variable "lake_url" {
  description = "The lake (`ETL_LAKE__URL`)."
  type        = string
}

variable "glue_prefix" {
  description = "Beginning of the names of Glue's databases (`ETL_LAKE__GLUE_PREFIX`)."
  type        = string
}

variable "warehouse" {
  description = "Where the warehouse is, and who owns it."
  type        = object({ host = string, database = string, owner = string })
}

variable "redshift" {
  description = "Where Redshift is, and the role by which it reads the lake; null: nothing is published there."
  type        = object({ host = string, database = string, copy_role_arn = string })
  default     = null
}

variable "login_secret_arns" {
  description = "Secrets with the warehouse's logins, by role."
  type        = map(string)
  validation {
    condition     = contains(keys(var.login_secret_arns), "etl_loader")
    error_message = "login_secret_arns must hold that of etl_loader, as which the pipeline logs in."
  }
}

variable "owner_secret_arn" {
  description = "Secret with the password of the warehouse's owner."
  type        = string
}

variable "settings" {
  description = "Further settings of `etl`, as environment variables; `etl settings` lists them. No secrets."
  type        = map(string)
  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "ETL_")])
    error_message = "settings must be named ETL_…: `etl settings` lists them."
  }
  validation {
    condition     = !anytrue([for name in keys(var.settings) : endswith(name, "_KEY")])
    error_message = "settings must hold no key: anyone who may describe a task reads it. Keep it in Secrets Manager."
  }
}

variable "sources" {
  description = "For each source, whether it is read by days, whether `transform` is a step of its own, and how many tasks share `extract`."
  type        = map(object({ by_days = bool, transforms_apart = bool, parts = number }))
  validation {
    condition     = alltrue([for source in var.sources : source.parts == 1 || source.transforms_apart])
    error_message = "sources whose extraction several parts share must have transforms_apart = true: one part knows only its own pages."
  }
  validation {
    condition     = alltrue([for source in var.sources : source.parts >= 1 && source.parts <= 100])
    error_message = "parts in sources must be from 1 to 100."
  }
}

variable "task_cpu" {
  description = "CPU of a task, in 1/1024: 256, 512, 1024, …"
  type        = number
}

variable "task_memory_mb" {
  description = "Memory of a task; Fargate pairs it with task_cpu."
  type        = number
  validation {
    condition     = var.task_memory_mb >= 1024
    error_message = "task_memory_mb must be at least 1024: transforming takes that much."
  }
}

variable "task_timeout_s" {
  description = "Longest time of one task."
  type        = number
  default     = 7200
}

variable "max_parallel_tasks" {
  description = "How many parts of a step run at the same time."
  type        = number
}

variable "retry" {
  description = "How often a task is tried if waiting helps, and the first wait, which doubles."
  type        = object({ attempts = number, first_wait_s = number })
  default     = { attempts = 5, first_wait_s = 15 }
  validation {
    condition     = var.retry.attempts >= 1 && var.retry.attempts <= 10 && var.retry.first_wait_s >= 1
    error_message = "retry.attempts must be from 1 to 10, and retry.first_wait_s at least 1."
  }
}

variable "keep_logs_days" {
  description = "Days for which logs are kept, one of those that CloudWatch knows."
  type        = number
}

variable "alert_emails" {
  description = "Who gets a message when a run fails; each confirms it once."
  type        = list(string)
  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alert_emails must be addresses such as data@example.org."
  }
}
