# The crawler, which looks at bronze; and what people who ask Athena may do.

resource "aws_iam_role" "crawler" {
  name               = "${var.name}-crawler"
  description        = "What the crawler may do: read bronze, and describe it in its own database"
  assume_role_policy = data.aws_iam_policy_document.trusted["glue.amazonaws.com"].json
}

resource "aws_iam_role_policy" "crawler" {
  name   = "crawl"
  role   = aws_iam_role.crawler.id
  policy = data.aws_iam_policy_document.crawler.json
}

data "aws_iam_policy_document" "crawler" {
  statement {
    sid       = "BronzeList"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = [var.lake_bucket_arn]
  }
  statement {
    sid       = "BronzeObjects"
    actions   = ["s3:GetObject"]
    resources = ["${var.lake_bucket_arn}/${var.lake_prefix}/bronze/*"]
  }
  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]
  }
  statement {
    sid = "Describe"
    actions = [
      "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable",
      "glue:GetPartitions", "glue:BatchGetPartition", "glue:BatchCreatePartition", "glue:BatchUpdatePartition",
    ]
    resources = concat(local.catalog, [
      "arn:aws:glue:${var.region}:${var.account_id}:database/${local.databases}_bronze",
      "arn:aws:glue:${var.region}:${var.account_id}:table/${local.databases}_bronze/*",
    ])
  }
  statement {
    sid       = "Encrypted" # knows no resource
    actions   = ["glue:GetSecurityConfiguration"]
    resources = ["*"]
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"]
    resources = ["arn:aws:logs:${var.region}:${var.account_id}:log-group:/aws-glue/crawlers*"]
  }
}

locals {
  catalog = ["arn:aws:glue:${var.region}:${var.account_id}:catalog"]
}

# Analysts see what is published, and nothing of bronze.
data "aws_iam_policy_document" "asks" {
  for_each = { analyst = ["silver", "gold"], engineer = ["bronze", "silver", "gold"] }
  statement {
    sid = "Ask"
    actions = [
      "athena:GetWorkGroup", "athena:ListNamedQueries", "athena:GetNamedQuery", "athena:BatchGetNamedQuery",
      "athena:StartQueryExecution", "athena:StopQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults",
      "athena:ListQueryExecutions",
    ]
    resources = ["arn:aws:athena:${var.region}:${var.account_id}:workgroup/${var.name}"]
  }
  statement {
    sid     = "Catalog"
    actions = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"]
    resources = concat(local.catalog, flatten([
      for layer in each.value : [
        "arn:aws:glue:${var.region}:${var.account_id}:database/${local.databases}_${layer}",
        "arn:aws:glue:${var.region}:${var.account_id}:table/${local.databases}_${layer}/*",
      ]
    ]))
  }
  statement {
    sid       = "Answers"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${var.answers_bucket_arn}/*"]
  }
  statement {
    sid       = "Places"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.answers_bucket_arn, var.lake_bucket_arn]
  }
  statement {
    sid       = "AnswersEncrypted"
    actions   = ["kms:GenerateDataKey"]
    resources = [var.key_arn]
  }
}

resource "aws_iam_role_policy" "asks" {
  for_each = data.aws_iam_policy_document.asks
  name     = "ask"
  role     = aws_iam_role.people[each.key].id
  policy   = each.value.json
}
