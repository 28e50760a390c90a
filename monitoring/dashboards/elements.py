"""What panels are made of: data sources, queries, thresholds, table columns, colours and links."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models import dashboard as d

PROMETHEUS = c.DataSourceRef(type_val="prometheus", uid="prometheus")
WAREHOUSE = c.DataSourceRef(type_val="grafana-postgresql-datasource", uid="warehouse")
RUNBOOKS = "${RUNBOOKS}"  # the chart that installs the dashboards puts the URL here
SQL = Path(__file__).parents[2] / "sql"

CPUS = "suffix: CPU"
OK, WARN, BAD, CALM, QUIET = "green", "orange", "red", "blue", "text"


@dataclass(frozen=True)
class Query:
    """A PromQL query and the names of its series: `{{label}}` stands for a label's value."""

    expr: str
    legend: str = ""

    def builder(self, ref: str) -> prometheus.Dataquery:
        return prometheus.Dataquery().datasource(PROMETHEUS).ref_id(ref).expr(self.expr)


@dataclass(frozen=True)
class Sql(Builder[Dataquery]):
    """A statement in `sql/`, by its path there. The SDK has no model of this data source's queries."""

    path: str

    def build(self) -> Dataquery:
        statement = (SQL / self.path).read_text("utf-8").strip()
        return UnknownDataquery(
            {
                "datasource": WAREHOUSE.to_json(),
                "editorMode": "code",
                "format": "table",
                "rawQuery": True,
                "rawSql": statement,
                "refId": "A",
            }
        )


@dataclass(frozen=True)
class Thresholds:
    """From which value on to warn, and from which it is bad. `falling`: low values are bad, such as quota left."""

    warn: float | None = None
    bad: float | None = None
    falling: bool = False

    def builder(self) -> dashboard.ThresholdsConfig:
        levels = [(self.warn, WARN), (self.bad, BAD)]
        given = [(value, colour) for value, colour in levels if value is not None]
        if self.falling:  # bad below `bad`, a warning below `warn`: each step starts where the worse one ends
            given.reverse()
            colours = [*(colour for _, colour in given), OK]
            steps = [*zip([None, *(value for value, _ in given)], colours, strict=True)]
        else:
            steps = [(None, OK), *given]
        built = [d.Threshold(value=value, color=colour) for value, colour in steps]
        return dashboard.ThresholdsConfig().mode(d.ThresholdsMode.ABSOLUTE).steps(built)


@dataclass(frozen=True)
class Column:
    """A column of a table: its label, unit, thresholds, link and width; `words` replace numbers."""

    label: str
    unit: str = "string"
    thresholds: Thresholds | None = None
    link: str = ""
    words: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    width: int | None = None

    def properties(self) -> list[d.DynamicConfigValue]:
        values: list[tuple[str, object]] = [("unit", self.unit)]
        if self.thresholds:
            values.append(("thresholds", self.thresholds.builder().build()))
            values.append(("custom.cellOptions", {"type": "color-text"}))
        if self.words:
            values.append(("mappings", [mapping(self.words)]))
            values.append(("custom.cellOptions", {"type": "color-text"}))
        if self.link:
            values.append(("links", [{"title": "Show", "url": self.link}]))
        if self.width:
            values.append(("custom.width", self.width))
        return [d.DynamicConfigValue(id_val=name, value=value) for name, value in dict(values).items()]


POD_REASONS = {
    ".*Completed": OK,
    ".*: Error": BAD,
    ".*OOMKilled": "dark-red",
    ".*Evicted": WARN,
    ".*NotStarted": "purple",
    ".*Lost": "dark-orange",
}
UP = {1: ("✓ up", OK), 0: ("✗ down", BAD)}
NONE_IS_GOOD = Thresholds(bad=1)
DASHED_LINE = [
    d.DynamicConfigValue("custom.lineStyle", {"dash": [8, 6], "fill": "dash"}),
    d.DynamicConfigValue("custom.fillOpacity", 0),
]
LIMIT_LINE = [*DASHED_LINE, d.DynamicConfigValue("color", {"fixedColor": BAD, "mode": "fixed"})]  # where an alert fires


def to_dashboard(uid: str, **choices: str) -> str:
    """A URL within Grafana, with choices made: `dataset="${__data.fields.Dataset}"`."""
    chosen = "&".join(f"var-{name}={value}" for name, value in choices.items())
    return f"/d/{uid}" + (f"?{chosen}" if chosen else "")


def runbook(alert: str) -> str:
    """The URL of an alert's runbook."""
    return f"{RUNBOOKS}/{alert}.md"


def identity(title: str) -> int:
    """An id that depends on the title alone."""
    return zlib.crc32(title.encode()) % 1_000_000 + 1


def mapping(words: Mapping[int, tuple[str, str]]) -> d.ValueMapping:
    """Show numbers as words: `{value: (text, colour)}`."""
    results = {
        str(value): d.ValueMappingResult(text=text, color=colour, index=place)
        for place, (value, (text, colour)) in enumerate(words.items())
    }
    return d.ValueMap(options=results)
