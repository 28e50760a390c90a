# What the service may do on AWS: nothing. Who starts its tasks fetches the image, and writes the log.

resource "aws_iam_role" "this" {
  for_each = {
    task      = "What the service may do on AWS: nothing"
    execution = "How a task of the service starts: image, log"
  }
  name               = "${var.name}-enrichment-${each.key}"
  description        = each.value
  assume_role_policy = data.aws_iam_policy_document.trusted.json
}

data "aws_iam_policy_document" "trusted" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.this["execution"].id
  policy = data.aws_iam_policy_document.execution.json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "Image"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [var.repository_arn]
  }
  statement {
    sid       = "ImageLogin" # knows no resource
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }
}
