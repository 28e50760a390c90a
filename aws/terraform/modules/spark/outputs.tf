output "job" {
  description = "How `etl` is started: JSON for `aws emr-serverless start-job-run --cli-input-json`, with its arguments in `entryPointArguments`."
  value       = jsonencode(local.job)
}

output "security_group_id" {
  description = "Security group of the workers, which the warehouse lets in."
  value       = aws_security_group.this.id
}
