# Who asked AWS for what, kept where nobody who acts can change it: its files are signed, one after the other.

resource "aws_cloudtrail" "this" {
  name                          = var.name
  s3_bucket_name                = var.log_bucket
  s3_key_prefix                 = "trail"
  kms_key_id                    = var.key_arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.trail.arn}:*"
  cloud_watch_logs_role_arn     = var.trail_role_arn
}

resource "aws_cloudwatch_log_group" "trail" {
  name              = "/${var.name}/trail"
  retention_in_days = var.keep_logs_days
  kms_key_id        = var.key_arn
}

locals {
  filters = {
    Denied = { group = aws_cloudwatch_log_group.trail.name, pattern = "{ ($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\") }" }
    Root   = { group = aws_cloudwatch_log_group.trail.name, pattern = "{ $.userIdentity.type = \"Root\" && $.eventType != \"AwsServiceEvent\" }" }
    Errors = { group = var.task_log_group, pattern = "{ $.level = \"error\" || $.level = \"critical\" }" }
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each       = local.filters
  name           = "${var.name}-${lower(each.key)}"
  log_group_name = each.value.group
  pattern        = each.value.pattern

  metric_transformation {
    namespace     = var.name
    name          = each.key
    value         = "1"
    default_value = "0"
  }
}
