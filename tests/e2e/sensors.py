"""What scenarios about the sensors share."""

from __future__ import annotations

from tests.e2e.airflow import Airflow

SENSORS = 100
CONTENT = """
    select count(*), md5(string_agg(concat_ws(',', sensor_id, reading_date, temperature_avg, region_avg_temp), ';'
        order by sensor_id, reading_date))
    from silver.sensor_readings
"""
LATEST = """
    select run.status, run.interval_start, run.interval_end, run.extraction_id, dataset.rows_received
    from ops.run as run
    inner join ops.run_dataset as dataset on run.run_id = dataset.run_id
    where dataset.dataset = 'sensor_readings'
    order by run.started_at desc
    limit 1
"""
AFTER_CHECK = "slow=0@/v1/archive"  # harmless: it is used up by the one request of `check`
BEFORE_LAST_SHARE = AFTER_CHECK  # by that of the share that asks first, which is done soon after the other has asked


def tries(airflow: Airflow, run: str) -> list[tuple[str, int]]:
    """How each share of the extraction ended, and at which try."""
    return sorted((one["state"], one["try_number"]) for one in airflow.mapped("sensors", run, "extract"))
