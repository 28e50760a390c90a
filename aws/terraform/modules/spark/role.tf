# What a job may do: what a task of the pipeline may, read its login, and write its log.

resource "aws_iam_role" "job" {
  name               = "${var.name}-spark"
  description        = "What a job of Spark may do: read and write the lake, with the login of a task"
  assume_role_policy = data.aws_iam_policy_document.trusted.json
}

locals {
  applications = "arn:aws:emr-serverless:${var.region}:${var.account_id}:/applications/*"
}

data "aws_iam_policy_document" "trusted" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["emr-serverless.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.applications]
    }
  }
}

resource "aws_iam_role_policy" "lake" {
  name   = "work"
  role   = aws_iam_role.job.id
  policy = var.lake_policy
}

resource "aws_iam_role_policy" "job" {
  name   = "start"
  role   = aws_iam_role.job.id
  policy = data.aws_iam_policy_document.job.json
}

data "aws_iam_policy_document" "job" {
  statement {
    sid       = "Login"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.login_secret_arn]
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }
  statement {
    sid       = "LogGroups" # knows no resource
    actions   = ["logs:DescribeLogGroups"]
    resources = ["*"]
  }
}
