# The lake as Athena sees it: the files of silver as tables, views of what counts, and every question as a named query.
# All of it is made from the code: tables, views and questions in sql/ are written by `python -m aws.athena`.

locals {
  layers    = ["bronze", "stored", "silver", "gold"]
  databases = { for layer in local.layers : layer => "${replace(var.name, "-", "_")}_${layer}" }
  tables    = jsondecode(file("${path.module}/sql/tables.json"))
  lake_uri  = "s3://${var.lake_bucket}/${var.lake_prefix}"
  about = {
    bronze = "What the APIs answered, as the crawler finds it"
    stored = "Every file of silver, of every extraction, and what became of each"
    silver = "Typed rows that count: of each day, those of the newest extraction that passed its audits"
    gold   = "Answers to questions, derived from silver when they are asked"
  }
}

resource "aws_glue_catalog_database" "this" {
  for_each    = local.databases
  name        = each.value
  description = local.about[each.key]
}
