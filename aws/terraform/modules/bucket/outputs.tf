output "arn" {
  description = "ARN of the bucket, once its policy is in force."
  value       = aws_s3_bucket.this.arn
  depends_on  = [aws_s3_bucket_policy.this]
}

output "name" {
  description = "Name of the bucket, once its policy is in force."
  value       = aws_s3_bucket.this.bucket
  depends_on  = [aws_s3_bucket_policy.this]
}

output "region" {
  description = "Region of the bucket."
  value       = aws_s3_bucket.this.region
}
