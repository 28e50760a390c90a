# Survives the loss of a zone; what holds data cannot be destroyed, and people only read.
locals {
  settings = {
    environment = "prod"
    region      = "eu-central-1"
    protected   = true

    cidr                = "10.30.0.0/16"
    availability_zones  = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    nat_gateways        = 3
    interface_endpoints = ["ecr.api", "ecr.dkr", "logs", "secretsmanager"]

    archive_bronze_after_days = 365
    keep_deleted_days         = 30
    keep_logs_days            = 365
    keep_images               = 50

    warehouse_class       = "db.m7g.large"
    warehouse_gb          = 100
    warehouse_max_gb      = 1000
    warehouse_multi_az    = true
    warehouse_backup_days = 14

    redshift            = { node_type = "ra3.large", nodes = 2 }
    cluster             = null
    spark               = null
    enrichment          = null
    athena_gb_per_query = 200

    task_cpu           = 1024
    task_memory_mb     = 4096
    max_parallel_tasks = 10
    schedules_enabled  = true
    alert_emails       = ["data-team@example.org"]
    monthly_budget_usd = 700
  }
}
