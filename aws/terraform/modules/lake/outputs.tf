output "bucket_arn" {
  description = "ARN of the lake's bucket."
  value       = aws_s3_bucket.lake.arn
}

output "bucket" {
  description = "Name of the lake's bucket."
  value       = aws_s3_bucket.lake.bucket
}

output "prefix" {
  description = "Folder of the lake in its bucket."
  value       = var.prefix
}

output "log_bucket_arn" {
  description = "ARN of the bucket of access and flow logs, once it may be written to."
  value       = aws_s3_bucket.logs.arn
  depends_on  = [aws_s3_bucket_policy.logs]
}

output "url" {
  description = "What `ETL_LAKE__URL` must be."
  value       = "s3://${aws_s3_bucket.lake.bucket}/${var.prefix}?region=${aws_s3_bucket.lake.region}"
}
