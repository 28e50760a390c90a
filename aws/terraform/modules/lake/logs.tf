# Who read what of the lake, what the network let through, and who asked AWS and Redshift for what. AWS's own services
# write here; people only read. S3's own key: access logs cannot be delivered into a bucket whose default is a key of KMS.

locals {
  log_bucket     = "${var.name}-logs-${var.account_id}"
  log_bucket_arn = "arn:aws:s3:::${local.log_bucket}"
}

module "logs" {
  source            = "../bucket"
  name              = local.log_bucket
  force_destroy     = var.force_destroy
  keep_deleted_days = 1
  expire_after_days = var.keep_logs_days
  policies          = [data.aws_iam_policy_document.logs.json]
}

# What AWS's services may write, each for this account only.
data "aws_iam_policy_document" "logs" {
  statement {
    sid       = "AccessLogs"
    actions   = ["s3:PutObject"]
    resources = ["${local.log_bucket_arn}/access/lake/*"]
    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }

  statement {
    sid       = "FlowLogs"
    actions   = ["s3:PutObject"]
    resources = ["${local.log_bucket_arn}/AWSLogs/${var.account_id}/*"]
    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }

  statement {
    sid       = "FlowLogsAsk"
    actions   = ["s3:GetBucketAcl", "s3:ListBucket"]
    resources = [local.log_bucket_arn]
    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }

  # What AWS was asked, and by whom: CloudTrail asks for its own prefix, and the trail is named before it exists.
  statement {
    sid       = "Trail"
    actions   = ["s3:PutObject"]
    resources = ["${local.log_bucket_arn}/trail/AWSLogs/${var.account_id}/*"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:cloudtrail:*:${var.account_id}:trail/${var.name}"]
    }
  }

  statement {
    sid       = "TrailAsk"
    actions   = ["s3:GetBucketAcl"]
    resources = [local.log_bucket_arn]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:cloudtrail:*:${var.account_id}:trail/${var.name}"]
    }
  }

  # Redshift's connections and statements, if there is a Redshift.
  statement {
    sid       = "Redshift"
    actions   = ["s3:PutObject"]
    resources = ["${local.log_bucket_arn}/redshift/*"]
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

  statement {
    sid       = "RedshiftAsks"
    actions   = ["s3:GetBucketAcl"]
    resources = [local.log_bucket_arn]
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

  # The balancer's access logs, if the service that describes pictures is there.
  statement {
    sid       = "Balancer"
    actions   = ["s3:PutObject"]
    resources = ["${local.log_bucket_arn}/balancer/AWSLogs/${var.account_id}/*"]
    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}
