variable "settings" {
  description = "All that differs between environments."
  type = object({
    environment = string # dev, prod: part of every name
    region      = string
    protected   = bool # true: nothing that holds data can be destroyed, and people may only read

    cidr                = string
    availability_zones  = list(string)
    nat_gateways        = number
    interface_endpoints = list(string)

    archive_bronze_after_days = number
    keep_deleted_days         = number
    keep_logs_days            = number
    keep_images               = number

    warehouse_class       = string
    warehouse_gb          = number
    warehouse_max_gb      = number
    warehouse_multi_az    = bool
    warehouse_backup_days = number

    redshift = object({ node_type = string, nodes = number }) # null: no Redshift

    cluster = object({ # null: no Kubernetes
      kubernetes_version = string
      node_type          = string
      nodes              = number
      admin_cidrs        = list(string)
      ingress            = optional(object({ host = string, class = string, certificate = string, from = string })) # docs/how-to/ingress.md
    })

    spark = object({ image_version = string, max_cpu = number }) # null: no Spark

    enrichment = object({ image_version = string, certificate_arn = string, keys = map(string), tasks = number }) # null: no such service

    athena_gb_per_query = number # a question that would read more is stopped

    task_cpu           = number
    task_memory_mb     = number
    max_parallel_tasks = number
    schedules_enabled  = bool
    alert_emails       = list(string)
    monthly_budget_usd = number
  })
  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.settings.environment))
    error_message = "settings.environment must be 2 to 10 lower-case letters and digits: it ends up in the names of buckets. Give dev or prod."
  }
  validation {
    condition     = alltrue([for zone in var.settings.availability_zones : startswith(zone, var.settings.region)])
    error_message = "settings.availability_zones must be zones of settings.region."
  }
  validation {
    condition     = !var.settings.schedules_enabled || length(var.settings.alert_emails) > 0
    error_message = "settings.alert_emails must name somebody if schedules_enabled is true: nobody would hear of a run that failed at night."
  }
}

variable "image_version" {
  description = "Tag or digest of the pipeline's image in the registry, such as `sha256:…`."
  type        = string
}

variable "etl_settings" {
  description = "Further settings of `etl`, as environment variables; `etl settings` lists them. No secrets."
  type        = map(string)
  default     = {}
}
