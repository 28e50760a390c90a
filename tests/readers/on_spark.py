"""`python on_spark.py JARS METADATA FOLDER`: Spark 4.1 reads a table by its metadata, and deletes a day merge-on-read.

Prints, as JSON, what it counted, and where the metadata is after the delete. Needs pyspark 4.1 and nothing of ours.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession

JARS, METADATA, FOLDER = sys.argv[1:]
NAME = "other.silver.readings"

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.jars", ",".join(map(str, sorted(Path(JARS).glob("*.jar")))))
    .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
    .config("spark.sql.catalog.other", "org.apache.iceberg.spark.SparkCatalog")
    .config("spark.sql.catalog.other.type", "jdbc")
    .config("spark.sql.catalog.other.uri", f"jdbc:sqlite:{FOLDER}/catalogue.db")
    .config("spark.sql.catalog.other.warehouse", FOLDER)
    .config("spark.ui.enabled", "false")
    .getOrCreate()
)
spark.sql("create namespace if not exists other.silver")
spark.sql(f"call other.system.register_table(table => 'silver.readings', metadata_file => '{METADATA}')")
[counted] = spark.sql(f"select count(*), count(distinct day), max(value) from {NAME}").collect()
runs = spark.sql(f"select summary['etl.run-id'] as run from {NAME}.snapshots order by committed_at").collect()
spark.sql(f"alter table {NAME} set tblproperties ('write.delete.mode' = 'merge-on-read')")
spark.sql(f"delete from {NAME} where day = date '2024-01-03'")
[left] = spark.sql(f"select count(*) from {NAME}").collect()
[newest] = spark.sql(f"select file from {NAME}.metadata_log_entries order by timestamp desc limit 1").collect()
print(json.dumps({"counted": list(counted), "runs": [row.run for row in runs], "left": left[0], "file": newest.file}))
