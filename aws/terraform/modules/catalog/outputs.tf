output "workgroup" {
  description = "Workgroup of Athena, which has the questions as named queries."
  value       = aws_athena_workgroup.this.name
}

output "answers_bucket_arn" {
  description = "ARN of the bucket of answers."
  value       = module.answers.arn
}

output "databases" {
  description = "Databases of Glue, by layer."
  value       = local.databases
}
