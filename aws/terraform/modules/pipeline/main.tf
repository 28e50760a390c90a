# Where the pipeline's image runs without a cluster of ours: tasks on Fargate, in private subnets.

resource "aws_ecs_cluster" "this" {
  name = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = toset(["etl", "state-machine"])
  name              = "/${var.name}/${each.key}"
  retention_in_days = var.keep_logs_days
  kms_key_id        = var.key_arn
}

resource "aws_security_group" "task" {
  name        = "${var.name}-task"
  description = "Tasks of the pipeline: nobody calls them"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-task" }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.task.id
  description       = "The sources and AWS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "warehouse" {
  security_group_id = aws_security_group.task.id
  description       = "The warehouse"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
}

resource "aws_vpc_security_group_egress_rule" "redshift" {
  for_each          = var.redshift == null ? [] : toset(["redshift"])
  security_group_id = aws_security_group.task.id
  description       = "Redshift"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 5439
  to_port           = 5439
}

# Failures, one message each.
resource "aws_sns_topic" "failures" {
  name              = "${var.name}-failures"
  kms_master_key_id = var.key_arn
}

resource "aws_sns_topic_policy" "failures" {
  arn    = aws_sns_topic.failures.arn
  policy = data.aws_iam_policy_document.failures.json
}

# The state machines publish by what their role allows.
data "aws_iam_policy_document" "failures" {
  statement {
    sid       = "AlarmsAndBudgets"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.failures.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

resource "aws_sns_topic_subscription" "mail" {
  for_each  = toset(var.alert_emails)
  topic_arn = aws_sns_topic.failures.arn
  protocol  = "email"
  endpoint  = each.key
}
