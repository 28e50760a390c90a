"""Trino in a process of its own: what Athena's engine version 3 is made of, with its connector for Iceberg tables."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent


def installed(into: Path) -> Path:
    """Its jars, by Maven; skips where that or a Java is missing, or Maven reaches nothing."""
    if shutil.which("mvn") is None or shutil.which("java") is None:
        pytest.skip("needs Maven and Java 17, of which one is not installed")
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={into}"]
    done = subprocess.run(["mvn", "-q", "-B", "-f", FOLDER / "pom.xml", *goal], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs Trino's jars, which Maven does not get: {done.stdout[-300:]}")
    return into


def of_glue(address: str, key: str = "test") -> dict[str, str]:
    """The properties of a catalog whose tables are those in Glue at this address, with their files on S3 there."""
    return {
        "iceberg.catalog.type": "glue",
        "hive.metastore.glue.region": "us-east-1",
        "hive.metastore.glue.endpoint-url": f"http://{address}",
        "hive.metastore.glue.aws-access-key": key,
        "hive.metastore.glue.aws-secret-key": key,
        "hive.s3.endpoint": f"http://{address}",
        "hive.s3.path-style-access": "true",
        "hive.s3.aws-access-key": key,
        "hive.s3.aws-secret-key": key,
    }


def execute(jars: Path, folder: Path, catalog: Mapping[str, str], statements: Sequence[str]) -> list[Any]:
    """The rows of each statement; of one that fails, the error's text."""
    (folder / "catalog.json").write_text(json.dumps(catalog))
    (folder / "statements.json").write_text(json.dumps(statements))
    files = (folder / name for name in ("catalog.json", "statements.json", "rows.json"))
    command = ["java", "-cp", f"{jars}/*", FOLDER / "Trino.java", *files]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[Any] = json.loads((folder / "rows.json").read_text())
    return found
