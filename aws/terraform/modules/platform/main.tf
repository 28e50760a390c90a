# The platform: which module gets what from which. What differs between environments is in `settings`, and only there.

data "aws_caller_identity" "current" {}

locals {
  name       = "data-platform-${var.settings.environment}"
  account_id = data.aws_caller_identity.current.account_id
  region     = var.settings.region
  ingress = try({ # as `make up` calls it
    host                = var.settings.cluster.ingress.host
    ingress_class       = var.settings.cluster.ingress.class
    ingress_certificate = var.settings.cluster.ingress.certificate
    ingress_from        = var.settings.cluster.ingress.from
  }, {})
}

module "lake" {
  source                    = "../lake"
  name                      = local.name
  account_id                = local.account_id
  key_arn                   = aws_kms_key.this.arn
  archive_bronze_after_days = var.settings.archive_bronze_after_days
  keep_deleted_days         = var.settings.keep_deleted_days
  keep_logs_days            = var.settings.keep_logs_days
  force_destroy             = !var.settings.protected
}

module "network" {
  source              = "../network"
  name                = local.name
  region              = local.region
  cidr                = var.settings.cidr
  availability_zones  = var.settings.availability_zones
  nat_gateways        = var.settings.nat_gateways
  interface_endpoints = var.settings.interface_endpoints
  log_bucket_arn      = module.lake.log_bucket_arn
}

module "registry" {
  source        = "../registry"
  name          = local.name
  images        = ["etl", "enrichment", "spark"]
  key_arn       = aws_kms_key.this.arn
  keep_images   = var.settings.keep_images
  force_destroy = !var.settings.protected
}

module "warehouse" {
  source                    = "../warehouse_rds"
  name                      = local.name
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.private_subnet_ids
  client_security_group_ids = merge({ tasks = module.pipeline.security_group_id }, { for each in module.cluster : "nodes" => each.security_group_id }, { for each in module.spark : "spark" => each.security_group_id })
  key_arn                   = aws_kms_key.this.arn
  instance_class            = var.settings.warehouse_class
  storage_gb                = var.settings.warehouse_gb
  max_storage_gb            = var.settings.warehouse_max_gb
  multi_az                  = var.settings.warehouse_multi_az
  backup_days               = var.settings.warehouse_backup_days
  deletion_protection       = var.settings.protected
}

module "redshift" {
  source                    = "../warehouse_redshift"
  count                     = var.settings.redshift == null ? 0 : 1
  name                      = local.name
  region                    = local.region
  account_id                = local.account_id
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.private_subnet_ids
  client_security_group_ids = { tasks = module.pipeline.security_group_id }
  key_arn                   = aws_kms_key.this.arn
  lake_bucket_arn           = module.lake.bucket_arn
  lake_prefix               = module.lake.prefix
  log_bucket                = module.lake.log_bucket
  node_type                 = var.settings.redshift.node_type
  nodes                     = var.settings.redshift.nodes
  snapshot_days             = var.settings.warehouse_backup_days
  keep_final_snapshot       = var.settings.protected
}

module "identity" {
  source              = "../identity"
  name                = local.name
  region              = local.region
  account_id          = local.account_id
  lake_bucket_arn     = module.lake.bucket_arn
  lake_prefix         = module.lake.prefix
  key_arn             = aws_kms_key.this.arn
  repository_arns     = [module.registry.arns["etl"]]
  loader_secret_arns  = [module.warehouse.login_secret_arns["etl_loader"]]
  owner_secret_arns   = concat([module.warehouse.owner_secret_arn], values(module.warehouse.login_secret_arns))
  analyst_secret_arn  = module.warehouse.login_secret_arns["analyst"]
  engineer_secret_arn = module.warehouse.login_secret_arns["engineer"]
  answers_bucket_arn  = module.catalog.answers_bucket_arn
  topic_arn           = module.pipeline.topic_arn
  dead_letter_arn     = module.schedule.dead_letter_arn
  redshift_login_arns = flatten(module.redshift[*].login_arns)
  people_may_write    = !var.settings.protected
}

module "pipeline" {
  source                 = "../pipeline"
  name                   = local.name
  account_id             = local.account_id
  region                 = local.region
  vpc_id                 = module.network.vpc_id
  vpc_cidr               = module.network.cidr
  subnet_ids             = module.network.private_subnet_ids
  key_arn                = aws_kms_key.this.arn
  role_arns              = module.identity.task_role_arns
  state_machine_role_arn = module.identity.state_machine_role_arn
  image                  = "${module.registry.urls["etl"]}${startswith(var.image_version, "sha256:") ? "@" : ":"}${var.image_version}"
  lake_url               = module.lake.url
  glue_prefix            = module.catalog.prefix
  warehouse              = { host = module.warehouse.host, database = module.warehouse.database, owner = module.warehouse.owner }
  redshift               = one([for each in module.redshift : { host = each.host, database = each.database, copy_role_arn = each.copy_role_arn }])
  login_secret_arns      = module.warehouse.login_secret_arns
  owner_secret_arn       = module.warehouse.owner_secret_arn
  settings               = var.etl_settings
  sources                = local.sources
  task_cpu               = var.settings.task_cpu
  task_memory_mb         = var.settings.task_memory_mb
  max_parallel_tasks     = var.settings.max_parallel_tasks
  keep_logs_days         = var.settings.keep_logs_days
  alert_emails           = var.settings.alert_emails
}

module "cluster" {
  source             = "../cluster"
  count              = var.settings.cluster == null ? 0 : 1
  name               = local.name
  subnet_ids         = module.network.private_subnet_ids
  key_arn            = aws_kms_key.this.arn
  kubernetes_version = var.settings.cluster.kubernetes_version
  node_type          = var.settings.cluster.node_type
  nodes              = var.settings.cluster.nodes
  admin_cidrs        = var.settings.cluster.admin_cidrs
  people_role_arns   = module.identity.people_role_arns
  people_may_write   = !var.settings.protected
  lake_policy        = module.identity.task_policy
  log_bucket_arn     = module.lake.log_bucket_arn
  keep_logs_days     = var.settings.keep_logs_days
}

module "spark" {
  source           = "../spark"
  count            = var.settings.spark == null ? 0 : 1
  name             = local.name
  region           = local.region
  account_id       = local.account_id
  vpc_id           = module.network.vpc_id
  vpc_cidr         = module.network.cidr
  subnet_ids       = module.network.private_subnet_ids
  key_arn          = aws_kms_key.this.arn
  image            = "${module.registry.urls["spark"]}:${var.settings.spark.image_version}"
  repository       = trimprefix(module.registry.urls["spark"], "${split("/", module.registry.urls["spark"])[0]}/")
  max_cpu          = var.settings.spark.max_cpu
  settings         = module.pipeline.settings
  login_secret_arn = module.warehouse.login_secret_arns["etl_loader"]
  lake_policy      = module.identity.task_policy
  keep_logs_days   = var.settings.keep_logs_days
}

module "enrichment" {
  source              = "../enrichment"
  count               = var.settings.enrichment == null ? 0 : 1
  name                = local.name
  region              = local.region
  account_id          = local.account_id
  vpc_id              = module.network.vpc_id
  vpc_cidr            = module.network.cidr
  subnet_ids          = module.network.private_subnet_ids
  key_arn             = aws_kms_key.this.arn
  cluster_arn         = module.pipeline.cluster_arn
  image               = "${module.registry.urls["enrichment"]}:${var.settings.enrichment.image_version}"
  repository_arn      = module.registry.arns["enrichment"]
  keys                = var.settings.enrichment.keys
  certificate_arn     = var.settings.enrichment.certificate_arn
  tasks               = var.settings.enrichment.tasks
  log_bucket          = module.lake.log_bucket
  keep_logs_days      = var.settings.keep_logs_days
  deletion_protection = var.settings.protected
}

module "catalog" {
  source           = "../catalog"
  name             = local.name
  account_id       = local.account_id
  key_arn          = aws_kms_key.this.arn
  lake_bucket      = module.lake.bucket
  lake_prefix      = module.lake.prefix
  crawler_role_arn = module.identity.crawler_role_arn
  crawler_schedule = var.settings.schedules_enabled ? "cron(0 3 ? * SUN *)" : null
  max_gb_per_query = var.settings.athena_gb_per_query
}

module "observability" {
  source             = "../observability"
  name               = local.name
  environment        = var.settings.environment
  region             = local.region
  key_arn            = aws_kms_key.this.arn
  topic_arn          = module.pipeline.topic_arn
  log_bucket         = module.lake.log_bucket
  trail_role_arn     = module.identity.trail_role_arn
  state_machine_arns = module.pipeline.state_machine_arns
  schedules_enabled  = var.settings.schedules_enabled
  warehouse_id       = module.warehouse.id
  warehouse_gb       = var.settings.warehouse_gb
  dead_letter_queue  = module.schedule.dead_letter_queue
  task_log_group     = module.pipeline.log_group
  workgroup          = module.catalog.workgroup
  keep_logs_days     = var.settings.keep_logs_days
  monthly_budget_usd = var.settings.monthly_budget_usd
}

module "schedule" {
  source             = "../schedule"
  name               = local.name
  schedules          = { for source, declared in local.sources : source => declared.schedule }
  state_machine_arns = module.pipeline.state_machine_arns
  role_arn           = module.identity.scheduler_role_arn
  key_arn            = aws_kms_key.this.arn
  enabled            = var.settings.schedules_enabled
}
