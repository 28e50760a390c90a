# What COPY may read: the lake's silver, and the manifests in `parsed`.

resource "aws_iam_role" "copy" {
  name               = "${var.name}-redshift-copy"
  description        = "What Redshift may do: read silver in the lake"
  assume_role_policy = data.aws_iam_policy_document.trusted.json
}

data "aws_iam_policy_document" "trusted" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

resource "aws_iam_role_policy" "copy" {
  name   = "copy"
  role   = aws_iam_role.copy.id
  policy = data.aws_iam_policy_document.copy.json
}

data "aws_iam_policy_document" "copy" {
  statement {
    sid       = "LakeList"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = [var.lake_bucket_arn]
  }
  statement {
    sid       = "LakeObjects"
    actions   = ["s3:GetObject"]
    resources = [for folder in ["silver", "parsed"] : "${var.lake_bucket_arn}/${var.lake_prefix}/${folder}/*"]
  }
  statement {
    sid       = "LakeKey"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]
  }
}
