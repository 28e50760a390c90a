output "workgroup" {
  description = "Workgroup of Athena, which has the questions as named queries."
  value       = aws_athena_workgroup.this.name
}

output "answers_bucket_arn" {
  description = "ARN of the bucket of answers."
  value       = module.answers.arn
}

output "prefix" {
  description = "Beginning of the names of Glue's databases (`ETL_LAKE__GLUE_PREFIX`)."
  value       = local.prefix
}
