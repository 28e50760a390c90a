"""The pattern that the pipeline improves on: one call per sensor and day, rows in a list, one file in the end.

`python -m tests.bench.one_by_one URL ROWS COLUMNS START DAYS FILE`
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import requests

from etl.settings import SensorsSettings
from etl.sources.sensors.contract import VARIABLES
from etl.sources.sensors.grid import Grid
from etl.sources.sensors.pages import PATH


def main(url: str, rows: str, columns: str, start: str, days: str, file: str) -> None:
    """Ask, over a connection that is kept alive, append, and write."""
    settings = SensorsSettings(rows=int(rows), columns=int(columns))
    grid = Grid(
        settings.rows, settings.columns, settings.latitude, settings.longitude, settings.spacing, settings.zone_size
    )
    found: list[dict[str, Any]] = []
    with requests.Session() as session:
        for sensor in grid.sensors(1, len(grid)):
            for number in range(int(days)):
                day = (date.fromisoformat(start) + timedelta(days=number)).isoformat()
                asked: dict[str, str | float] = {
                    "latitude": sensor.latitude,
                    "longitude": sensor.longitude,
                    "start_date": day,
                    "end_date": day,
                    "daily": ",".join(VARIABLES),
                    "timezone": "UTC",
                }
                answer = session.get(f"{url}{PATH}", params=asked, timeout=30)
                answer.raise_for_status()
                daily = answer.json()["daily"]
                values = {name: daily[name][0] for name in VARIABLES}
                found.append({"sensor_id": sensor.sensor_id, "region": sensor.region, "reading_date": day, **values})
    pq.write_table(pa.Table.from_pylist(found), file)
    print(len(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
