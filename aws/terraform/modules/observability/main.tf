# What is watched: alarms that send a message when something failed, filled up or did not happen, and one dashboard.
# Each alarm's description says what to look at first.

locals {
  # When a source is not read by itself, it is nobody's fault that it was not.
  awaited = var.schedules_enabled ? var.state_machine_arns : {}

  alarms = {
    warehouse-storage = {
      about     = "The warehouse has less than a tenth of its storage left, and may not grow further: raise warehouse_max_gb"
      namespace = "AWS/RDS", metric = "FreeStorageSpace", dimensions = local.warehouse
      statistic = "Minimum", comparison = "LessThanThreshold", threshold = var.warehouse_gb * 1024 * 1024 * 1024 / 10
    }
    warehouse-cpu = {
      about     = "The warehouse has been busy for a quarter of an hour: Performance Insights shows with what"
      namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = local.warehouse
      statistic = "Average", comparison = "GreaterThanThreshold", threshold = 90
    }
    warehouse-connections = {
      about     = "Many sessions are open in the warehouse: select * from pg_stat_activity shows whose"
      namespace = "AWS/RDS", metric = "DatabaseConnections", dimensions = local.warehouse
      statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = var.max_connections
    }
    not-started = {
      about     = "A schedule could not start its state machine: the message in the queue says why"
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = var.dead_letter_queue }
      statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = 0
    }
    denied = {
      about     = "AWS refused what somebody or something in this account asked for: the trail says who and what"
      namespace = var.name, metric = "Denied", dimensions = {}
      statistic = "Sum", comparison = "GreaterThanThreshold", threshold = 10
    }
    root = {
      about     = "Somebody used the account's root user, which nobody should need: the trail says for what"
      namespace = var.name, metric = "Root", dimensions = {}
      statistic = "Sum", comparison = "GreaterThanThreshold", threshold = 0
    }
  }
  warehouse = { DBInstanceIdentifier = var.warehouse_id }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.about
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = each.value.statistic == "Sum" ? 1 : 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}

# An execution that fails sends its own message; this one comes as well if it was stopped or took too long.
resource "aws_cloudwatch_metric_alarm" "failed" {
  for_each            = var.state_machine_arns
  alarm_name          = "${var.name}-failed-${each.key}"
  alarm_description   = "An execution of ${each.key} failed, was stopped or took too long: its history says at which state"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]

  metric_query {
    id          = "all"
    label       = "Executions that did not succeed"
    expression  = "failed + aborted + timedout"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { failed = "ExecutionsFailed", aborted = "ExecutionsAborted", timedout = "ExecutionsTimedOut" }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/States"
        metric_name = metric_query.value
        dimensions  = { StateMachineArn = each.value }
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

# Nothing failed, and still nothing came: the schedule is off, or a run hangs.
resource "aws_cloudwatch_metric_alarm" "awaited" {
  for_each            = local.awaited
  alarm_name          = "${var.name}-awaited-${each.key}"
  alarm_description   = "No execution of ${each.key} has succeeded for ${var.awaited_hours} hours: is its schedule on, does one still run?"
  namespace           = "AWS/States"
  metric_name         = "ExecutionsSucceeded"
  dimensions          = { StateMachineArn = each.value }
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 3600
  evaluation_periods  = var.awaited_hours
  datapoints_to_alarm = var.awaited_hours
  treat_missing_data  = "breaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}
