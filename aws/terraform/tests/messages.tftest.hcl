# What is missing or wrong is refused before anything is planned. A test in tests/aws reads the messages themselves.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

# Nothing ephemeral can be mocked, so the warehouse is planned with the real provider, which is never asked anything.
provider "aws" {
  alias                       = "unasked"
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name       = "data-platform-test"
  region     = "eu-central-1"
  account_id = "123456789012"
  key_arn    = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  vpc_id     = "vpc-1"
  subnet_ids = ["subnet-1", "subnet-2"]
}

run "a_network_of_a_24_in_one_zone" {
  command = plan
  module {
    source = "../modules/network"
  }
  variables {
    cidr                = "10.0.0.0/24"
    availability_zones  = ["eu-central-1a"]
    nat_gateways        = 1
    interface_endpoints = []
    log_bucket_arn      = "arn:aws:s3:::logs"
  }
  expect_failures = [var.cidr, var.availability_zones]
}

run "more_gateways_than_zones" {
  command = plan
  module {
    source = "../modules/network"
  }
  variables {
    cidr                = "10.0.0.0/16"
    availability_zones  = ["eu-central-1a", "eu-central-1b"]
    nat_gateways        = 3
    interface_endpoints = []
    log_bucket_arn      = "arn:aws:s3:::logs"
  }
  expect_failures = [var.nat_gateways]
}

run "an_archive_of_what_is_still_read" {
  command = plan
  module {
    source = "../modules/lake"
  }
  variables {
    archive_bronze_after_days = 1
    keep_deleted_days         = 0
    keep_logs_days            = 0
    force_destroy             = true
  }
  expect_failures = [var.archive_bronze_after_days, var.keep_deleted_days, var.keep_logs_days]
}

run "a_registry_without_a_way_back" {
  command = plan
  module {
    source = "../modules/registry"
  }
  variables {
    images        = ["etl"]
    keep_images   = 1
    force_destroy = true
  }
  expect_failures = [var.keep_images]
}

run "a_warehouse_of_a_kind_that_rds_has_not" {
  command = plan
  module {
    source = "../modules/warehouse_rds"
  }
  providers = { aws = aws.unasked }
  variables {
    client_security_group_ids = {}
    logins                    = []
    instance_class            = "t4g.small"
    storage_gb                = 20
    max_storage_gb            = 20
    multi_az                  = false
    backup_days               = 0
    deletion_protection       = false
  }
  expect_failures = [var.instance_class, var.max_storage_gb, var.backup_days]
}

run "a_warehouse_that_is_too_small" {
  command = plan
  module {
    source = "../modules/warehouse_rds"
  }
  providers = { aws = aws.unasked }
  variables {
    client_security_group_ids = {}
    logins                    = []
    instance_class            = "db.t4g.small"
    storage_gb                = 5
    max_storage_gb            = 50
    multi_az                  = false
    backup_days               = 1
    deletion_protection       = false
  }
  expect_failures = [var.storage_gb]
}

run "a_pipeline_of_something_else_tomorrow" {
  command = plan
  module {
    source = "../modules/pipeline"
  }
  variables {
    vpc_cidr               = "10.0.0.0/16"
    role_arns              = { task = "arn:aws:iam::123456789012:role/a", execution = "arn:aws:iam::123456789012:role/b", owner = "arn:aws:iam::123456789012:role/c", owner-execution = "arn:aws:iam::123456789012:role/d" }
    state_machine_role_arn = "arn:aws:iam::123456789012:role/e"
    image                  = "registry/etl:latest"
    lake_url               = "s3://lake/lake"
    glue_prefix            = "data_platform_dev"
    warehouse              = { host = "localhost", database = "warehouse", owner = "owner" }
    login_secret_arns      = {}
    owner_secret_arn       = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:owner"
    settings               = { PGHOST = "elsewhere", ETL_APOD__API_KEY = "x" }
    sources                = { sensors = { by_days = true, transforms_apart = false, parts = 2 }, apod = { by_days = true, transforms_apart = true, parts = 0 } }
    task_cpu               = 256
    task_memory_mb         = 512
    max_parallel_tasks     = 1
    retry                  = { attempts = 0, first_wait_s = 0 }
    keep_logs_days         = 1
    alert_emails           = ["nobody"]
  }
  expect_failures = [
    var.image, var.login_secret_arns, var.settings, var.sources, var.task_memory_mb, var.retry, var.alert_emails,
  ]
}

run "a_schedule_of_a_crontab" {
  command = plan
  module {
    source = "../modules/schedule"
  }
  variables {
    schedules          = { spacex = "0 6 * * *" }
    state_machine_arns = { spacex = "arn:aws:states:eu-central-1:123456789012:stateMachine:spacex" }
    role_arn           = "arn:aws:iam::123456789012:role/a"
    enabled            = true
  }
  expect_failures = [var.schedules]
}

run "a_repository_with_a_wildcard" {
  command = plan
  module {
    source = "../bootstrap"
  }
  variables {
    repository   = "example/*"
    environments = ["prod"]
  }
  expect_failures = [var.repository, var.environments]
}

run "a_question_that_may_cost_anything" {
  command = plan
  module {
    source = "../modules/catalog"
  }
  variables {
    lake_bucket      = "lake"
    lake_prefix      = "lake"
    crawler_role_arn = "arn:aws:iam::123456789012:role/a"
    max_gb_per_query = 0.5
  }
  expect_failures = [var.max_gb_per_query]
}

run "a_run_that_nobody_misses" {
  command = plan
  module {
    source = "../modules/observability"
  }
  variables {
    environment        = "test"
    topic_arn          = "arn:aws:sns:eu-central-1:123456789012:failures"
    log_bucket         = "logs"
    trail_role_arn     = "arn:aws:iam::123456789012:role/a"
    state_machine_arns = {}
    schedules_enabled  = true
    awaited_hours      = 1000
    warehouse_id       = "warehouse"
    warehouse_gb       = 20
    dead_letter_queue  = "not-started"
    task_log_group     = "etl"
    workgroup          = "test"
    keep_logs_days     = 30
    monthly_budget_usd = 0
  }
  expect_failures = [var.awaited_hours, var.monthly_budget_usd]
}

run "a_redshift_that_keeps_data_on_its_nodes" {
  command = plan
  module {
    source = "../modules/warehouse_redshift"
  }
  variables {
    client_security_group_ids = {}
    lake_bucket_arn           = "arn:aws:s3:::lake"
    lake_prefix               = "lake"
    log_bucket                = "logs"
    node_type                 = "dc2.large"
    nodes                     = 0
    snapshot_days             = 1
    keep_final_snapshot       = false
  }
  expect_failures = [var.node_type, var.nodes]
}

run "a_service_that_everybody_may_ask" {
  command = plan
  module {
    source = "../modules/enrichment"
  }
  variables {
    vpc_cidr            = "10.0.0.0/16"
    cluster_arn         = "arn:aws:ecs:eu-central-1:123456789012:cluster/test"
    image               = "registry/enrichment:1.0.0"
    repository_arn      = "arn:aws:ecr:eu-central-1:123456789012:repository/enrichment"
    keys                = { pipeline = "the key itself" }
    certificate_arn     = ""
    tasks               = 0
    log_bucket          = "logs"
    keep_logs_days      = 30
    deletion_protection = false
  }
  expect_failures = [var.keys, var.certificate_arn, var.tasks]
}

run "a_cluster_that_everybody_may_ask" {
  command = plan
  module {
    source = "../modules/cluster"
  }
  variables {
    subnet_ids         = ["subnet-1"]
    kubernetes_version = "1.29"
    node_type          = "m7i.large"
    nodes              = 0
    admin_cidrs        = ["0.0.0.0/0"]
    people_role_arns   = { administrator = "arn:aws:iam::123456789012:role/a", engineer = "arn:aws:iam::123456789012:role/b" }
    people_may_write   = true
    lake_policy        = "{}"
    log_bucket_arn     = "arn:aws:s3:::logs"
    keep_logs_days     = 30
  }
  expect_failures = [var.subnet_ids, var.kubernetes_version, var.nodes, var.admin_cidrs]
}

run "a_spark_that_shows_a_password" {
  command = plan
  module {
    source = "../modules/spark"
  }
  variables {
    vpc_cidr         = "10.0.0.0/16"
    image            = "registry/spark:latest"
    repository       = "test/spark"
    max_cpu          = 4
    settings         = { ETL_LAKE__URL = "s3://lake/lake", PGPASSWORD = "x" }
    login_secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:login"
    lake_policy      = "{}"
    keep_logs_days   = 30
  }
  expect_failures = [var.image, var.max_cpu, var.settings]
}
