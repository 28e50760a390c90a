# The lake: one bucket, whose folders bronze, silver, gold and quarantine are the platform's own layers.

resource "aws_s3_bucket" "lake" {
  bucket        = "${var.name}-lake-${var.account_id}"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_ownership_controls" "lake" {
  bucket = aws_s3_bucket.lake.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.key_arn
    }
  }
}

resource "aws_s3_bucket_policy" "lake" {
  bucket = aws_s3_bucket.lake.id
  policy = data.aws_iam_policy_document.tls_only["lake"].json
}

resource "aws_s3_bucket_logging" "lake" {
  bucket        = aws_s3_bucket.lake.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "access/lake/"
  depends_on    = [aws_s3_bucket_policy.logs] # S3 asks for the grant when logging is switched on
}

# Nothing of silver or gold goes by its age: a bucket does not know which extraction still has the newest rows of some
# day; `etl lake expire` does. Bronze may become cheaper, and stays readable at once: a later version of the code may
# have to transform it again.
resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    id     = "bronze-to-archive"
    status = "Enabled"
    filter {
      prefix = "${var.prefix}/bronze/"
    }
    transition {
      days          = var.archive_bronze_after_days
      storage_class = "GLACIER_IR"
    }
  }

  rule {
    id     = "remains"
    status = "Enabled"
    filter {
      prefix = ""
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
    noncurrent_version_expiration {
      noncurrent_days = var.keep_deleted_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.lake]
}
