# Small and cheap; all of it can be destroyed.
locals {
  settings = {
    environment = "dev"
    region      = "eu-central-1"
    protected   = false

    cidr                = "10.20.0.0/16"
    availability_zones  = ["eu-central-1a", "eu-central-1b"]
    nat_gateways        = 1
    interface_endpoints = []

    archive_bronze_after_days = 90
    keep_deleted_days         = 7
    keep_logs_days            = 30
    keep_images               = 10

    warehouse_class       = "db.t4g.small"
    warehouse_gb          = 20
    warehouse_max_gb      = 50
    warehouse_multi_az    = false
    warehouse_backup_days = 1

    redshift            = null
    cluster             = null
    spark               = null
    enrichment          = null
    athena_gb_per_query = 10

    task_cpu           = 512
    task_memory_mb     = 2048
    max_parallel_tasks = 2
    schedules_enabled  = false
    alert_emails       = []
    monthly_budget_usd = 120
  }
}
