# Views, as Athena itself keeps those that somebody creates: its SQL and columns as JSON, in Base64.

locals {
  views = merge([for layer in ["silver", "gold"] : {
    for table, columns in local.tables[layer] : "${layer}.${table}" => {
      layer   = layer
      table   = table
      columns = columns
      sql     = templatefile("${path.module}/sql/${layer}/${table}.sql", local.databases)
    }
  }]...)
}

resource "aws_glue_catalog_table" "view" {
  for_each      = local.views
  name          = each.value.table
  database_name = aws_glue_catalog_database.this[each.value.layer].name
  table_type    = "VIRTUAL_VIEW"
  parameters    = { presto_view = "true", comment = "Presto View" }

  view_expanded_text = "/* Presto View */"
  view_original_text = "/* Presto View: ${base64encode(jsonencode({
    originalSql = each.value.sql
    catalog     = "awsdatacatalog"
    schema      = local.databases[each.value.layer]
    columns     = [for column in each.value.columns : { name = column.name, type = column.type }]
  }))} */"

  storage_descriptor {
    ser_de_info {
      serialization_library = "-"
    }
    dynamic "columns" {
      for_each = each.value.columns
      content {
        name = columns.value.name
        type = columns.value.hive
      }
    }
  }
}
