output "bucket_arn" {
  description = "ARN of the lake's bucket."
  value       = module.lake.arn
}

output "bucket" {
  description = "Name of the lake's bucket."
  value       = module.lake.name
}

output "prefix" {
  description = "Folder of the lake in its bucket."
  value       = var.prefix
}

output "log_bucket" {
  description = "Name of the bucket of logs, once it may be written to."
  value       = module.logs.name
}

output "log_bucket_arn" {
  description = "ARN of the bucket of access and flow logs, once it may be written to."
  value       = module.logs.arn
}

output "url" {
  description = "What `ETL_LAKE__URL` must be."
  value       = "s3://${module.lake.name}/${var.prefix}?region=${module.lake.region}"
}
