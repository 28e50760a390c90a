output "backend_configs" {
  description = "Content of backend.hcl for each environment."
  value = {
    for environment in var.environments : environment => <<-EOT
      bucket = "${module.state.name}"
      key    = "${environment}/terraform.tfstate"
      region = "${var.region}"
    EOT
  }
}

output "plan_role_arns" {
  description = "Roles for CI that only read, by environment."
  value       = { for environment, role in aws_iam_role.plan : environment => role.arn }
}

output "ci_role_arns" {
  description = "Roles for CI, by environment."
  value       = { for environment, role in aws_iam_role.ci : environment => role.arn }
}
