"""Peak memory of a process that publishes from the lake: `python -m tests.bench.memory DSN LAKE PATH` prints it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from etl.core.ids import new_id
from etl.lake import layout, parquet
from etl.lake.store import Lake
from etl.telemetry import logs
from tests.bench import readings, warehouse


@dataclass(frozen=True)
class Peak:
    """What the process took at most while it published that many rows."""

    rows: int
    bytes: int
    parquet_bytes: int
    seconds: float


def measure(dsn: str, folder: Path, rows: int) -> Peak:
    """Write silver, then publish it from a process of its own."""
    lake, run_id = Lake(str(folder)), new_id()
    path = layout.part("silver", readings.READINGS.name, run_id, 1)
    with lake.create(path) as file, pq.ParquetWriter(file, readings.READINGS.schema, compression="zstd") as writer:
        for batch in readings.batches(rows, 0):
            writer.write_batch(batch)
    size = (folder / path).stat().st_size
    warehouse.reset(dsn)
    command = [sys.executable, "-m", "tests.bench.memory", dsn, str(folder), path]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2]).stdout
    if warehouse.count(dsn, "silver.bench_readings") != rows:
        raise AssertionError("rows are missing")
    lake.delete(path)
    peak, seconds = said.split()
    return Peak(rows, int(peak), size, float(seconds))


def _publish(dsn: str, folder: str, path: str) -> None:
    loaded = warehouse.publish(dsn, parquet.batches(Lake(folder), [path]))
    print(peak(), loaded.seconds)


def peak() -> int:
    """The most memory this process has held, in bytes: Linux counts it afresh for each program."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    logs.configure_logs(json=False)
    _publish(*sys.argv[1:])
