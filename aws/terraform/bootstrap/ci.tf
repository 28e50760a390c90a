# How CI comes in without a key: GitHub says who asks, and AWS gives a role to the jobs of one environment of one
# repository. Who may run a job in an environment is decided in GitHub, where prod asks for an approval.

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "ci" {
  for_each             = toset(var.environments)
  name                 = "data-platform-${each.key}-ci"
  description          = "What a job of ${var.repository} in the environment ${each.key} may do: apply this platform"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.ci_trusted[each.key].json
}

data "aws_iam_policy_document" "ci_trusted" {
  for_each = toset(concat(var.environments, values(local.plan_environments)))
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${var.repository}:environment:${each.key}"]
    }
  }
}

# It makes roles and networks, so that it may do nearly all; but nothing to another environment's names or state.
resource "aws_iam_role_policy_attachment" "ci" {
  for_each   = aws_iam_role.ci
  role       = each.value.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

resource "aws_iam_role_policy" "ci_keeps_out" {
  for_each = aws_iam_role.ci
  name     = "keeps-out-of-others"
  role     = each.value.id
  policy   = data.aws_iam_policy_document.keeps_out[each.key].json
}

data "aws_iam_policy_document" "keeps_out" {
  for_each = toset(var.environments)
  statement {
    sid       = "OtherStates"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [for other in setsubtract(var.environments, [each.key]) : "${module.state.arn}/${other}/*"]
  }
  statement {
    sid     = "OtherNames"
    effect  = "Deny"
    actions = ["iam:*", "s3:*", "states:*", "ecs:*", "rds:*", "secretsmanager:*", "ecr:*"]
    resources = flatten([
      for other in setsubtract(var.environments, [each.key]) : [
        "arn:aws:iam::${local.account_id}:role/data-platform-${other}-*",
        "arn:aws:s3:::data-platform-${other}-*",
        "arn:aws:states:*:${local.account_id}:*:data-platform-${other}-*",
        "arn:aws:ecs:*:${local.account_id}:*/data-platform-${other}*",
        "arn:aws:rds:*:${local.account_id}:*:data-platform-${other}*",
        "arn:aws:secretsmanager:*:${local.account_id}:secret:data-platform-${other}/*",
        "arn:aws:ecr:*:${local.account_id}:repository/data-platform-${other}/*",
      ]
    ])
  }
  statement {
    sid       = "OwnFence"
    effect    = "Deny"
    actions   = ["iam:*"]
    resources = ["arn:aws:iam::${local.account_id}:role/data-platform-*-ci", "arn:aws:iam::${local.account_id}:role/data-platform-*-plan", "arn:aws:iam::${local.account_id}:oidc-provider/*"]
  }
}
