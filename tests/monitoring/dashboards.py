"""The queries of the committed dashboards."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.monitoring.promql import legend_labels

MONITORING = Path(__file__).parents[2] / "monitoring"
FOLDER = MONITORING / "dashboards" / "json"
LABEL_VALUES = re.compile(r"label_values\((?P<series>.+), *(?P<label>\w+)\)")

Dashboard = dict[str, Any]


@dataclass(frozen=True)
class PromQuery:
    """A PromQL query of a dashboard, its place there, and the labels that are shown of its result."""

    where: str
    expr: str
    shown: frozenset[str]


def committed() -> dict[str, Dashboard]:
    """The dashboards by uid."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


def panels(dashboard: Dashboard) -> list[dict[str, Any]]:
    """Its panels without its rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets(dashboard: Dashboard) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each query with its panel."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield panel, target


def promql(dashboard: Dashboard) -> Iterator[PromQuery]:
    """Everything it queries from Prometheus: for panels, choices and annotations."""
    uid = dashboard["uid"]
    for panel, target in targets(dashboard):
        if target["datasource"]["uid"] == "prometheus":
            shown = legend_labels(target.get("legendFormat", "")) | _columns(panel)
            yield PromQuery(f"{uid}: {panel['title']}", target["expr"], frozenset(shown))
    for variable in dashboard["templating"].get("list", []):
        match = LABEL_VALUES.fullmatch(variable["query"])
        assert match, variable["query"]
        yield PromQuery(f"{uid}: choice {variable['name']}", match["series"], frozenset({match["label"]}))
    for annotation in dashboard["annotations"].get("list", []):
        shown = legend_labels(annotation["titleFormat"]) | legend_labels(annotation["textFormat"])
        yield PromQuery(f"{uid}: annotation {annotation['name']}", annotation["expr"], shown)


def _columns(panel: dict[str, Any]) -> set[str]:
    """The labels that a table shows as columns."""
    organize = (step["options"] for step in panel.get("transformations", []) if step["id"] == "organize")
    return {name for options in organize for name in options["renameByName"] if not name.startswith("Value")}
