# The lake as Athena sees it: a database for each layer, and every question as a named query, written from the code by
# `python -m aws.athena`. The tables of silver and gold are Iceberg's: `etl` makes them once it has published something,
# and nobody else has rights to. What the crawler finds in bronze is in a database of its own.

locals {
  prefix    = replace(var.name, "-", "_")
  databases = { for layer in keys(local.about) : layer => "${local.prefix}_${layer}" }
  lake_uri  = "s3://${var.lake_bucket}/${var.lake_prefix}"
  about = {
    bronze = "What the APIs answered, as the crawler finds it"
    silver = "Typed rows that are published, in tables of Iceberg"
    gold   = "Answers to questions, derived from silver by the run that published it, in tables of Iceberg"
  }
}

resource "aws_glue_catalog_database" "this" {
  for_each    = local.databases
  name        = each.value
  description = local.about[each.key]
}
