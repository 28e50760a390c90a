"""What EMR starts is etl, in the Spark that was there before it, with the login that EMR hands over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from etl.lake.store import Lake
from etl.simulate import server
from etl.simulate.faults import Faults
from etl.sources.sensors import simulator as sensors
from tests.cli.conftest import environment, libpq
from tests.conftest import ROOT
from tests.engines.one_spark import without_java
from tests.engines.test_spark_engine import DAYS, GRID, published_in

pytestmark = [pytest.mark.spark, pytest.mark.thorough]


def test_a_job_publishes_into_the_lake_by_the_session_that_it_finds(new_database: Any, tmp_path: Path) -> None:
    if why := without_java():
        pytest.skip(why)
    warehouse = libpq(new_database())
    login = {"username": warehouse.pop("PGUSER"), "password": warehouse.pop("PGPASSWORD", "")}
    with server.serve(partial(sensors.make_app, with_limits=False)(Faults([]))) as simulator:
        given = environment(
            warehouse
            | {f"ETL_SENSORS__{name}".upper(): str(value) for name, value in GRID.items()}
            | {"ETL_SENSORS__BASE_URL": simulator.url, "ETL_LAKE__URL": str(tmp_path / "lake")}
            | {"LOGIN": json.dumps(login), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
        )
        call = ["run", "sensors", "--from", str(DAYS.start), "--to", str(DAYS.end), "--engine", "spark"]
        ended = subprocess.run(
            [sys.executable, ROOT / "etl" / "emr_entrypoint.py", *call, "--destination", "lake"],
            env={"PATH": os.environ["PATH"], **given},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 0, ended.stderr
    assert all(published_in(Lake(str(tmp_path / "lake"))).values())
