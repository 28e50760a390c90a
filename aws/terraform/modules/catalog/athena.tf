# Where people ask. What a workgroup sets, nobody who asks can set otherwise.

module "answers" {
  source            = "../bucket"
  name              = "${var.name}-answers-${var.account_id}"
  key_arn           = var.key_arn
  force_destroy     = true # answers can be asked for again
  keep_deleted_days = 1
  expire_after_days = var.keep_answers_days
}

resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "Questions to the lake, each of which may read ${var.max_gb_per_query} GB at most"
  force_destroy = true

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.max_gb_per_query * 1024 * 1024 * 1024

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${module.answers.name}/"
      expected_bucket_owner = var.account_id
      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.key_arn
      }
    }
  }
}

locals {
  questions = { for path in fileset("${path.module}/questions", "*/*.sql") : trimsuffix(basename(path), ".sql") => path }
}

resource "aws_athena_named_query" "question" {
  for_each    = local.questions
  name        = each.key
  description = trimprefix(split("\n", file("${path.module}/questions/${each.value}"))[0], "-- ")
  workgroup   = aws_athena_workgroup.this.id
  database    = aws_glue_catalog_database.this["gold"].name
  query       = templatefile("${path.module}/questions/${each.value}", local.databases)
}
