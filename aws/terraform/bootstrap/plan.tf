# What a job may do that only looks: what a pull request would change, and whether somebody changed something by hand.
# Whoever opens a pull request runs code with this role, so that it reads settings, and neither data nor passwords.

locals {
  plan_environments = { for environment in var.environments : environment => "${environment}-plan" }
}

resource "aws_iam_role" "plan" {
  for_each             = local.plan_environments
  name                 = "data-platform-${each.value}"
  description          = "What a job of ${var.repository} in the environment ${each.value} may do: compare this platform with its code"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.ci_trusted[each.value].json
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each   = aws_iam_role.plan
  role       = each.value.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "plan" {
  for_each = aws_iam_role.plan
  name     = "plans"
  role     = each.value.id
  policy   = data.aws_iam_policy_document.plan[each.key].json
}

data "aws_iam_policy_document" "plan" {
  for_each = local.plan_environments
  statement {
    sid       = "AskedWhilePlanning" # neither knows a resource
    actions   = ["secretsmanager:GetRandomPassword", "states:ValidateStateMachineDefinition"]
    resources = ["*"]
  }
  statement {
    sid           = "NoData"
    effect        = "Deny"
    actions       = ["s3:GetObject", "s3:GetObjectVersion"]
    not_resources = ["${module.state.arn}/${each.key}/*"]
  }
  statement {
    sid    = "NoDataOtherwise"
    effect = "Deny"
    actions = [
      "athena:GetQueryResults", "logs:GetLogEvents", "logs:FilterLogEvents", "logs:StartQuery", "sqs:ReceiveMessage",
      "secretsmanager:GetSecretValue", "states:GetExecutionHistory", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
    ]
    resources = ["*"]
  }
}
