locals {
  warehouse = {
    PGHOST     = var.warehouse.host
    PGPORT     = "5432"
    PGDATABASE = var.warehouse.database
    PGSSLMODE  = "require"
  }
  lake = {
    ETL_LAKE__URL         = var.lake_url
    ETL_LAKE__CATALOG     = "glue"
    ETL_LAKE__GLUE_PREFIX = var.glue_prefix
  }
  redshift = var.redshift == null ? {} : {
    ETL_REDSHIFT__HOST     = var.redshift.host
    ETL_REDSHIFT__DATABASE = var.redshift.database
    ETL_REDSHIFT__IAM_ROLE = var.redshift.copy_role_arn
  }
  # The first environment wins nothing: what an environment sets is what its owner wants.
  settings = merge(local.warehouse, { PGUSER = "etl_loader", ETL_LOG__FORMAT = "json" }, local.lake, local.redshift, var.settings)
  log = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.this["etl"].name
      awslogs-region        = var.region
      awslogs-stream-prefix = "etl"
    }
  }
}

resource "aws_ecs_task_definition" "etl" {
  family                   = "${var.name}-etl"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_cpu
  memory                   = var.task_memory_mb
  task_role_arn            = var.role_arns["task"]
  execution_role_arn       = var.role_arns["execution"]

  container_definitions = jsonencode([{
    name             = "etl"
    image            = var.image
    essential        = true
    environment      = [for name, value in local.settings : { name = name, value = value }]
    secrets          = [{ name = "PGPASSWORD", valueFrom = "${var.login_secret_arns["etl_loader"]}:password::" }]
    logConfiguration = local.log
  }])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
}

# Makes the roles and tables of the warehouse: once after the first apply, and whenever a new image brings a migration.
resource "aws_ecs_task_definition" "owner" {
  family                   = "${var.name}-owner"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = var.role_arns["owner"]
  execution_role_arn       = var.role_arns["owner-execution"]

  container_definitions = jsonencode([{
    name       = "etl"
    image      = var.image
    essential  = true
    entryPoint = ["/bin/sh", "-c"]
    command = [join("\n", [
      "set -eu",
      "umask 077",
      "mkdir -p /tmp/logins",
      "for role in ${join(" ", keys(var.login_secret_arns))}; do printenv \"LOGIN_$role\" > \"/tmp/logins/$role\"; done",
      "etl provision --logins /tmp/logins --wait 60",
      "etl migrate",
    ])]
    environment = [for name, value in merge(local.warehouse, { PGUSER = var.warehouse.owner }) : { name = name, value = value }]
    secrets = concat(
      [{ name = "PGPASSWORD", valueFrom = "${var.owner_secret_arn}:password::" }],
      [for role, arn in var.login_secret_arns : { name = "LOGIN_${role}", valueFrom = "${arn}:password::" }],
    )
    logConfiguration = local.log
  }])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
}
