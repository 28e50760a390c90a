# Bronze has no declared columns: what the APIs answer is found by looking at it. Only new folders are looked at.

resource "aws_glue_security_configuration" "this" {
  name = var.name
  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.key_arn
    }
    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.key_arn
    }
    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.key_arn
    }
  }
}

resource "aws_glue_crawler" "bronze" {
  name                   = "${var.name}-bronze"
  description            = "Pages of the APIs, as received"
  role                   = var.crawler_role_arn
  database_name          = aws_glue_catalog_database.this["bronze"].name
  security_configuration = aws_glue_security_configuration.this.name
  schedule               = var.crawler_schedule

  s3_target {
    path       = "${local.lake_uri}/bronze/"
    exclusions = ["**/manifest.json", "**/progress.json", "**/progress/**"]
  }

  recrawl_policy {
    recrawl_behavior = "CRAWL_NEW_FOLDERS_ONLY"
  }

  schema_change_policy {
    update_behavior = "LOG"
    delete_behavior = "LOG"
  }

  configuration = jsonencode({
    Version  = 1
    Grouping = { TableLevelConfiguration = length(split("/", var.lake_prefix)) + 3 } # bucket, lake, bronze, endpoint
  })
}
