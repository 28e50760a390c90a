# Roles that people take, with a second factor. Nobody writes in production: there, CI applies what was merged.

locals {
  people = {
    analyst       = "Reads silver and gold in the lake, and the warehouse as analyst"
    engineer      = "Reads the whole lake, logs and executions, and the warehouse as engineer; starts runs, but not in prod"
    administrator = "May do everything, but only read in prod"
  }
}

resource "aws_iam_role" "people" {
  for_each             = local.people
  name                 = "${var.name}-${each.key}"
  description          = each.value
  max_session_duration = 3600 * 8
  assume_role_policy   = data.aws_iam_policy_document.people_trusted.json
}

data "aws_iam_policy_document" "people_trusted" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.account_id}:root"]
    }
    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
  }
}

data "aws_iam_policy_document" "analyst" {
  statement {
    sid       = "LakeList"
    actions   = ["s3:ListBucket"]
    resources = [var.lake_bucket_arn]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.lake_prefix}/tables/*"]
    }
  }
  statement {
    sid       = "LakeObjects"
    actions   = ["s3:GetObject"]
    resources = ["${var.lake_bucket_arn}/${var.lake_prefix}/tables/*"]
  }
  statement {
    sid       = "Login"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.analyst_secret_arn]
  }
  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]
  }
}

data "aws_iam_policy_document" "engineer" {
  statement {
    sid       = "LakeList"
    actions   = ["s3:ListBucket"]
    resources = [var.lake_bucket_arn]
  }
  statement {
    sid       = "LakeObjects"
    actions   = ["s3:GetObject"]
    resources = ["${var.lake_bucket_arn}/${var.lake_prefix}/*"]
  }
  statement {
    sid       = "Login"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.engineer_secret_arn]
  }
  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]
  }
  statement {
    sid       = "Logs"
    actions   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:DescribeLogStreams"]
    resources = ["${local.log_groups}:*"]
  }
  statement {
    sid     = "Executions"
    actions = ["states:DescribeStateMachine", "states:ListExecutions", "states:DescribeExecution", "states:GetExecutionHistory"]
    resources = [
      local.machine_arns,
      "arn:aws:states:${var.region}:${var.account_id}:execution:${var.name}-*:*",
    ]
  }
  dynamic "statement" {
    for_each = var.people_may_write ? ["yes"] : []
    content {
      sid     = "Run"
      actions = ["states:StartExecution", "states:StopExecution"]
      resources = [
        local.machine_arns,
        "arn:aws:states:${var.region}:${var.account_id}:execution:${var.name}-*:*",
      ]
    }
  }
}

resource "aws_iam_role_policy" "people" {
  for_each = {
    analyst  = data.aws_iam_policy_document.analyst.json
    engineer = data.aws_iam_policy_document.engineer.json
  }
  name   = "work"
  role   = aws_iam_role.people[each.key].id
  policy = each.value
}

resource "aws_iam_role_policy_attachment" "administrator" {
  role       = aws_iam_role.people["administrator"].name
  policy_arn = "arn:aws:iam::aws:policy/${var.people_may_write ? "AdministratorAccess" : "ReadOnlyAccess"}"
}
