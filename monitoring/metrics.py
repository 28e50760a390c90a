"""`python -m monitoring.metrics` writes docs/metrics.md from the declarations; `--check` only compares.

Those of the ETL are in etl/telemetry/metrics.py, those of the run ledger in postgres/queries.yaml (the query format of
the Postgres exporter), those of Airflow in statsd/mapping.yaml (the format of the StatsD exporter).
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

Our own metrics, under their names in Prometheus. `make metrics` generates this page from the declarations in
`etl/telemetry/metrics.py`, `monitoring/postgres/queries.yaml` and `monitoring/statsd/mapping.yaml`; edit those.

Prometheus adds the labels `job`, `namespace`, `pod`, `service`, `endpoint`, `container` and `instance` of the exporter
it scraped. A histogram is three series: `_bucket`, `_sum` and `_count`.
"""
ETL = """## ETL pods

Each step sends these when it ends, so a series holds the value from the latest pod; after a restart of the StatsD
exporter it is missing until the next run. Anything that must survive that comes from the run ledger.
"""
LEDGER = """## Run ledger

The Postgres exporter queries these from `ops.*` at every scrape; all have the label `server` as well.
"""
AIRFLOW = """## Airflow

Airflow sends these as StatsD, and our mapping renames them; everything else that it sends is dropped. Its tags
(`dag_id`, `task_id` and so on) become labels. Names ending in `_total` are counters, those ending in `_seconds`
histograms, all others gauges.
"""


def page() -> str:
    """The whole page as Markdown."""
    queries, mapping = yaml.safe_load(QUERIES.read_text("utf-8")), yaml.safe_load(MAPPING.read_text("utf-8"))
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
        columns = [pair for declared in query["metrics"] for pair in declared.items()]
        labels = _labels(name for name, column in columns if column["usage"] == "LABEL")
        for name, column in columns:
            if column["usage"] != "LABEL":
                yield f"`{prefix}_{name}`", column["usage"].lower(), labels, column["description"]


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
    """Write the page; with `--check`, only compare it with what would be written."""
    if arguments != ["--check"]:
        PAGE.write_text(page(), "utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == page():
        return 0
    print(f"{PAGE.relative_to(ROOT)} differs from the declarations: run `make metrics`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
