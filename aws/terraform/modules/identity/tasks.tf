data "aws_iam_policy_document" "task" {
  statement {
    sid       = "LakeList"
    actions   = ["s3:ListBucket"]
    resources = [var.lake_bucket_arn]
  }
  statement {
    sid       = "LakeObjects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${var.lake_bucket_arn}/${var.lake_prefix}/*"]
  }
  statement {
    sid       = "LakeKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }
  # Its tables follow the catalogue in the warehouse; `etl` deletes none.
  statement {
    sid     = "Catalogue"
    actions = ["glue:GetTable", "glue:CreateTable", "glue:UpdateTable"]
    resources = concat(local.catalog, flatten([
      for layer in ["silver", "gold"] : [
        "arn:aws:glue:${var.region}:${var.account_id}:database/${local.databases}_${layer}",
        "arn:aws:glue:${var.region}:${var.account_id}:table/${local.databases}_${layer}/*",
      ]
    ]))
  }
  dynamic "statement" {
    for_each = length(var.redshift_login_arns) == 0 ? [] : ["yes"]
    content {
      sid       = "RedshiftLogin"
      actions   = ["redshift:GetClusterCredentials"]
      resources = var.redshift_login_arns
    }
  }
}

data "aws_iam_policy_document" "execution" {
  for_each = { execution = var.loader_secret_arns, owner-execution = var.owner_secret_arns }
  statement {
    sid       = "Login"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = each.value
  }
  statement {
    sid       = "LoginKey"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]
  }
  statement {
    sid       = "Image"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = var.repository_arns
  }
  statement {
    sid       = "ImageLogin" # knows no resource
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_groups}:*"]
  }
}

resource "aws_iam_role_policy" "task" {
  name   = "work"
  role   = aws_iam_role.tasks["task"].id
  policy = data.aws_iam_policy_document.task.json
}

resource "aws_iam_role_policy" "execution" {
  for_each = data.aws_iam_policy_document.execution
  name     = "start"
  role     = aws_iam_role.tasks[each.key].id
  policy   = each.value.json
}
