"""`python -m monitoring.dashboards` writes the dashboards; `--check` writes nothing and fails if one differs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.dashboards import (
    airflow,
    apod,
    enrichment,
    etl_datasets,
    kubernetes,
    mars,
    neo,
    overview,
    spacex,
    warehouse,
)

FOLDER = Path(__file__).with_name("json")
SUBJECTS = (overview, airflow, etl_datasets, warehouse, kubernetes, spacex, apod, neo, mars, enrichment)


def generated() -> dict[str, str]:
    """File name and text of each dashboard."""
    files = {}
    for subject in SUBJECTS:
        made = subject.build()
        text = json.dumps(made, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
        files[f"{made.uid}.json"] = text + "\n"
    return files


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or compare; exit code 1 if a comparison finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m monitoring.dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs from its code")
    check = parser.parse_args(arguments).check
    wanted, found = generated(), {file.name: file.read_text("utf-8") for file in sorted(FOLDER.glob("*.json"))}
    differing = sorted(name for name in wanted | found if wanted.get(name) != found.get(name))
    if check:
        for name in differing:
            print(f"monitoring/dashboards/json/{name} differs from what the code generates.", file=sys.stderr)
        if differing:
            print("Run: python -m monitoring.dashboards", file=sys.stderr)
        return 1 if differing else 0
    FOLDER.mkdir(exist_ok=True)
    for name in differing:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], "utf-8")
        else:
            (FOLDER / name).unlink()
        print(f"{'wrote' if name in wanted else 'removed'} monitoring/dashboards/json/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
