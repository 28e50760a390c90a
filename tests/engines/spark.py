"""`python -m tests.engines.spark FOLDER`: what Spark makes of every case, as Arrow files; its complaints as text."""

import sys
from pathlib import Path

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from etl.lake.dialects import transpile
from tests.engines.cases import Case, cases
from tests.engines.engines import flat

OPTIONS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",  # so little work is not worth compiling well
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "640m",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",  # more than one, so that rows meet that were apart
    "spark.ui.enabled": "false",
}


def run(session: SparkSession, case: Case, folder: Path) -> None:
    folder.mkdir()
    for name, table in case.tables.items():
        session.createDataFrame(table).createOrReplaceTempView(flat(name))
    for name, text in case.makes.items():
        try:
            made = session.sql(transpile(text, "spark", flat)).toArrow()
        except PySparkException as error:
            (folder / f"{name}.txt").write_text(str(error))
            return
        session.createDataFrame(made).createOrReplaceTempView(flat(name))
        with pa.ipc.new_file(folder / f"{name}.arrow", made.schema) as file:
            file.write_table(made)


def main(folder: Path) -> None:
    builder = SparkSession.builder.master("local[2]").config("spark.sql.warehouse.dir", str(folder / "warehouse"))
    for name, value in OPTIONS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    for case in cases().values():
        run(session, case, folder / case.name)
    session.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
