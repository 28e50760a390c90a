output "lake_url" {
  description = "The lake (`ETL_LAKE__URL`)."
  value       = module.lake.url
}

output "lake_bucket" {
  description = "Name of the lake's bucket."
  value       = module.lake.bucket
}

output "registry_urls" {
  description = "Where each image is pushed to, by its name."
  value       = module.registry.urls
}

output "warehouse_host" {
  description = "Address of the warehouse (`PGHOST`)."
  value       = module.warehouse.host
}

output "redshift" {
  description = "Where Redshift is, and the secret with its owner's password; null without one."
  value       = one([for each in module.redshift : { host = each.host, cluster = each.cluster, database = each.database, owner_secret_arn = each.owner_secret_arn }])
}

output "enrichment_host" {
  description = "Name of the balancer before the service that describes pictures; null without it."
  value       = one(module.enrichment[*].host)
}

output "spark_job" {
  description = "How `etl` is started on Spark: JSON for `aws emr-serverless start-job-run --cli-input-json`; null without it."
  value       = one(module.spark[*].job)
}

output "cluster" {
  description = "Name of the cluster, for `aws eks update-kubeconfig`; null without one."
  value       = one(module.cluster[*].name)
}

output "make_up" {
  description = "Options of `make up` for that cluster, as a file for k8s/environments; null without one."
  value = one([for each in module.cluster : join("\n", concat(
    ["# What `make up ENVIRONMENT=aws` installs: written by `terraform output`."],
    [for name, value in merge(local.ingress, {
      cluster        = each.arn
      values         = "prod"
      image_registry = trimsuffix(module.registry.urls["etl"], "/etl")
      warehouse_host = module.warehouse.host
      warehouse_ca   = "rds-ca.pem"
      lake_url       = module.lake.url
      pods_role      = each.pods_role_arn
      task_logs      = each.task_logs
      task_logs_role = each.airflow_role_arn
    }) : "${name} = ${jsonencode(value)}"],
    [""],
  ))])
}

output "owner_secret_arn" {
  description = "Secret with the login of the warehouse's owner, which RDS manages."
  value       = module.warehouse.owner_secret_arn
}

output "login_secret_arns" {
  description = "Secrets with the warehouse's logins, by role."
  value       = module.warehouse.login_secret_arns
}

output "workgroup" {
  description = "Workgroup of Athena, which has the questions as named queries."
  value       = module.catalog.workgroup
}

output "state_machine_arns" {
  description = "State machines, by source."
  value       = module.pipeline.state_machine_arns
}

output "owner_task" {
  description = "How the owner's task is started: JSON for `aws ecs run-task --cli-input-json`."
  value       = module.pipeline.owner_task
}

output "topic_arn" {
  description = "SNS topic of failures."
  value       = module.pipeline.topic_arn
}

output "dashboard" {
  description = "Name of the dashboard in CloudWatch."
  value       = module.observability.dashboard
}

output "role_arns" {
  description = "Roles that people take."
  value       = module.identity.people_role_arns
}
