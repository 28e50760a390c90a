# What COPY may read: the lake's silver, and the manifests in `parsed`.

locals {
  cluster = "${var.name}-redshift" # named here, as the cluster wants the role first
}

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
    condition { # Redshift says for whom it asks: any user of this cluster, and of no other
      test     = "StringLike"
      variable = "sts:ExternalId"
      values   = ["arn:aws:redshift:${var.region}:${var.account_id}:dbuser:${local.cluster}/*"]
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
