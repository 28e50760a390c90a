"""What EMR starts as Spark's driver: etl, in the Spark that EMR has set up."""

from __future__ import annotations

import json
import os
from typing import NoReturn

from etl.cli.main import main
from etl.engines.spark_session import OPTIONS

THEIRS = "spark.ui.enabled"  # EMR shows Spark's own pages


def start() -> NoReturn:
    """Log in as the secret in LOGIN says; the engine then works in the session that it finds."""
    from pyspark.sql import SparkSession

    login = json.loads(os.environ.pop("LOGIN"))
    os.environ |= {"PGUSER": login["username"], "PGPASSWORD": login["password"]}
    builder = SparkSession.builder
    for name, value in OPTIONS.items():
        if name != THEIRS:
            builder = builder.config(name, value)
    builder.getOrCreate()
    main()


if __name__ == "__main__":
    start()
