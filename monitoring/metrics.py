"""Writes docs/metrics.md from where metrics are declared: `python -m monitoring.metrics`, with `--check` only compares.

The ETL's are declared in etl/telemetry/metrics.py, the run ledger's in postgres/queries.yaml (the Postgres exporter's
queries format), Airflow's in statsd/mapping.yaml (the StatsD exporter's).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from etl.telemetry.metrics import METRICS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "metrics.md"
QUERIES = ROOT / "monitoring" / "postgres" / "queries.yaml"
MAPPING = ROOT / "monitoring" / "statsd" / "mapping.yaml"

HEAD = """# Metrics

What we measure ourselves, under the names that Prometheus has. Made by `make metrics` from the declarations in
`etl/telemetry/metrics.py`, `monitoring/postgres/queries.yaml` and `monitoring/statsd/mapping.yaml`; edit those.

Prometheus adds `job`, `namespace`, `pod`, `service`, `endpoint`, `container` and `instance` of the exporter that it
scraped. A histogram has `_bucket`, `_sum` and `_count`.
"""
ETL = """## ETL pods

Sent by each step when it ends, so a series holds what the latest pod said; after a restart of the StatsD exporter it is
gone until the next run. What must outlive that is asked of the run ledger.
"""
LEDGER = """## Run ledger

Asked of `ops.*` by the Postgres exporter at every scrape; all carry `server`, too.
"""
AIRFLOW = """## Airflow

Sent by Airflow as StatsD, renamed by our mapping; everything else that it sends is dropped. Its tags (`dag_id`,
`task_id` and so on) are labels. Names in `_total` are counters, those in `_seconds` histograms, all others gauges.
"""


def page() -> str:
    """The whole page as Markdown."""
    queries, mapping = yaml.safe_load(QUERIES.read_text()), yaml.safe_load(MAPPING.read_text())
    parts = [
        HEAD,
        ETL,
        _table(("name", "kind", "unit", "labels", "meaning"), _etl()),
        LEDGER,
        _table(("name", "kind", "labels", "meaning"), _ledger(queries)),
        AIRFLOW,
        _table(("name", "Airflow's name", "meaning"), _airflow(mapping["mappings"])),
    ]
    return "\n".join(parts)


def _etl() -> Iterator[tuple[str, ...]]:
    for metric in METRICS:
        yield f"`{metric.name}`", metric.kind, metric.unit, _labels(metric.labels), metric.about


def _ledger(queries: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for prefix, query in queries.items():
        columns = [pair for column in query["metrics"] for pair in column.items()]
        labels = _labels(name for name, told in columns if told["usage"] == "LABEL")
        for name, told in columns:
            if told["usage"] != "LABEL":
                yield f"`{prefix}_{name}`", told["usage"].lower(), labels, told["description"]


def _airflow(rules: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for rule in rules:
        if rule.get("action") != "drop":
            name = rule["name"].replace("$1", "*")
            yield f"`{name}`", f"`{rule['match']}`", rule["help"]


def _labels(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *rows]
    return "".join(f"| {' | '.join(' '.join(cell.split()) for cell in line)} |\n" for line in lines)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` say whether it is as it would be written."""
    if arguments != ["--check"]:
        PAGE.write_text(page())
        return 0
    if PAGE.is_file() and PAGE.read_text() == page():
        return 0
    print(f"{PAGE.relative_to(ROOT)} is not what the declarations say: run `make metrics`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
