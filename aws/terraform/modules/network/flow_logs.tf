resource "aws_flow_log" "this" {
  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = var.log_bucket_arn
  max_aggregation_interval = 600
  tags                     = { Name = var.name }
}
