# What is in silver's folders. A day's folder is found by its name: no partition has to be added when one appears.

resource "aws_glue_catalog_table" "stored" {
  for_each      = local.tables.silver
  name          = each.key
  database_name = aws_glue_catalog_database.this["stored"].name
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                                   = "TRUE"
    classification                             = "parquet"
    "projection.enabled"                       = "true"
    "projection.p_creation_date.type"          = "date"
    "projection.p_creation_date.format"        = "yyyy-MM-dd"
    "projection.p_creation_date.range"         = "${var.first_day},NOW"
    "storage.location.template"                = "${local.lake_uri}/silver/${each.key}/p_creation_date=$${p_creation_date}"
    "projection.p_creation_date.interval"      = "1"
    "projection.p_creation_date.interval.unit" = "DAYS"
  }

  partition_keys {
    name = "p_creation_date"
    type = "string"
  }

  storage_descriptor {
    location      = "${local.lake_uri}/silver/${each.key}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }

    dynamic "columns" {
      for_each = each.value
      content {
        name = columns.value.name
        type = columns.value.hive
      }
    }
  }
}

# The notes of extractions: one line of JSON each. Views read from them which extraction counts.
resource "aws_glue_catalog_table" "runs" {
  name          = "runs"
  database_name = aws_glue_catalog_database.this["stored"].name
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                    = "TRUE"
    classification              = "json"
    "projection.enabled"        = "true"
    "projection.source.type"    = "enum"
    "projection.source.values"  = join(",", local.sources)
    "storage.location.template" = "${local.lake_uri}/silver/_runs/$${source}/"
  }

  partition_keys {
    name = "source"
    type = "string"
  }

  storage_descriptor {
    location      = "${local.lake_uri}/silver/_runs/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }

    columns {
      name = "extraction_id"
      type = "string"
    }
    columns {
      name = "interval"
      type = "array<string>"
    }
    columns {
      name = "holds"
      type = "array<array<string>>"
    }
    columns {
      name = "failed_audit"
      type = "string"
    }
  }
}
