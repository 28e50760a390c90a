"""The vocabulary of all dashboards: panels, thresholds, columns, variables, and how they look.

Each function takes a title, a description and queries, and returns a builder of the SDK, so that anything special can
be added where it is needed. Ids come from titles: a panel keeps its id, and links to it their aim, when others come or
go.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    barchart,
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS = c.DataSourceRef(type_val="prometheus", uid="prometheus")
WAREHOUSE = c.DataSourceRef(type_val="grafana-postgresql-datasource", uid="warehouse")
TAG = "data-platform"
RUNBOOKS = "${RUNBOOKS}"  # the chart that installs the dashboards writes the address here
SQL = Path(__file__).parents[2] / "sql"

CPUS = "suffix: CPU"
OK, WARN, BAD, CALM, QUIET = "green", "orange", "red", "blue", "text"

# From where on an alert fires, unless any is too many; a test compares with monitoring/rules.
LIMITS: Mapping[str, float] = {
    "EtlDatasetStale": 2 * 3600,  # beyond its schedule
    "EtlQuarantineShareHigh": 0.01,
    "EtlRowVolumeUnusual": 0.3,
    "EtlSourceQuotaLow": 0.1,
    "KubernetesPodRestarting": 3,
    "NodeDiskFillingUp": 0.1,
    "PostgresConnectionsNearLimit": 0.8,
    "PostgresDeadTuples": 0.3,
    "PostgresDeadlocks": 3,
    "VolumeFillingUp": 0.1,
    "WarehouseBackupMissing": 26 * 3600,
}

Panel = Builder[d.Panel]
AnyPanel = TypeVar(
    "AnyPanel",
    stat.Panel,
    timeseries.Panel,
    tables.Panel,
    barchart.Panel,
    bargauge.Panel,
    statetimeline.Panel,
)


@dataclass(frozen=True)
class Query:
    """A PromQL query and what its series are called: `{{label}}` stands for a label's value."""

    expr: str
    legend: str = ""

    def builder(self, ref: str) -> prometheus.Dataquery:
        return prometheus.Dataquery().datasource(PROMETHEUS).ref_id(ref).expr(self.expr)


@dataclass(frozen=True)
class Sql(Builder[Dataquery]):
    """A statement of `sql/`, by its path there. The SDK has no model of this datasource's queries."""

    path: str

    def build(self) -> Dataquery:
        statement = (SQL / self.path).read_text().strip()
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
    """From where on a value is worth a look, or bad. `falling`: what is small is bad, such as quota left."""

    warn: float | None = None
    bad: float | None = None
    falling: bool = False

    def builder(self) -> dashboard.ThresholdsConfig:
        levels = [(self.warn, WARN), (self.bad, BAD)]
        given = [(value, colour) for value, colour in levels if value is not None]
        if self.falling:  # bad below `bad`, a warning below `warn`: each step begins where the worse one ends
            given.reverse()
            colours = [*(colour for _, colour in given), OK]
            steps = [*zip([None, *(value for value, _ in given)], colours, strict=True)]
        else:
            steps = [(None, OK), *given]
        built = [d.Threshold(value=value, color=colour) for value, colour in steps]
        return dashboard.ThresholdsConfig().mode(d.ThresholdsMode.ABSOLUTE).steps(built)


@dataclass(frozen=True)
class Column:
    """A column of a table: what it is called, its unit, when it is bad, where a click leads."""

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
            values.append(("mappings", [_mapping(self.words)]))
            values.append(("custom.cellOptions", {"type": "color-text"}))
        if self.link:
            values.append(("links", [{"title": "Show", "url": self.link}]))
        if self.width:
            values.append(("custom.width", self.width))
        return [d.DynamicConfigValue(id_val=name, value=value) for name, value in dict(values).items()]


UP = {1: ("✓ up", OK), 0: ("✗ down", BAD)}
NONE_IS_WELL = Thresholds(bad=1)
DASHED_LINE = [
    d.DynamicConfigValue("custom.lineStyle", {"dash": [8, 6], "fill": "dash"}),
    d.DynamicConfigValue("custom.fillOpacity", 0),
]
LIMIT_LINE = [*DASHED_LINE, d.DynamicConfigValue("color", {"fixedColor": BAD, "mode": "fixed"})]  # where an alert fires


def stat_panel(
    title: str,
    description: str,
    *queries: Query | Sql,
    unit: str = "short",
    thresholds: Thresholds | None = None,
    words: Mapping[int, tuple[str, str]] | None = None,
    decimals: int | None = None,
    no_value: str = "no data",
    span: int = 4,
    height: int = 4,
    alert: str = "",
    link: str = "",
    field_name: str = "",
) -> stat.Panel:
    """One large figure, or one for each series. `field_name`: the column of a SQL answer to show."""
    reduced = (
        common.ReduceDataOptions()
        .calcs(["lastNotNull"])
        .values(False)
        .fields(f"/^{field_name}$/" if field_name else "")
    )
    panel = stat.Panel().reduce_options(reduced).graph_mode(c.BigValueGraphMode.NONE)
    panel.color_mode(c.BigValueColorMode.VALUE).justify_mode(c.BigValueJustifyMode.AUTO)
    panel.text_mode(c.BigValueTextMode.VALUE_AND_NAME if len(queries) > 1 else c.BigValueTextMode.AUTO)
    if words:
        panel.mappings([_mapping(words)])
    if decimals is not None:
        panel.decimals(decimals)
    if link:
        panel.data_links([dashboard.DashboardLink("Show").type(d.DashboardLinkType.LINK).url(link)])
    dressed = _dressed(panel, title, description, unit, no_value, span, height, alert, thresholds)
    if thresholds is None:
        dressed.thresholds(_one_colour(CALM))
    return _asked(dressed, queries, instant=True)


def series_panel(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "short",
    thresholds: Thresholds | None = None,
    stacked: bool = False,
    share: bool = False,
    no_value: str = "nothing in this time range",
    span: int = 12,
    height: int = 8,
    alert: str = "",
) -> timeseries.Panel:
    """Lines over time. `share`: from 0 to 1 at least, so that distances mean something."""
    panel = timeseries.Panel().line_width(1.5).fill_opacity(25 if stacked else 8).axis_soft_min(0)
    panel.show_points(c.VisibilityMode.AUTO).legend(_legend()).tooltip(_tooltip())
    panel.color_scheme(dashboard.FieldColor().mode(d.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    if share:
        panel.axis_soft_max(1)
    if stacked:
        panel.stacking(common.StackingConfig().mode(c.StackingMode.NORMAL))
    if thresholds:
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(c.GraphThresholdsStyleMode.DASHED))
    return _asked(_dressed(panel, title, description, unit, no_value, span, height, alert, thresholds), queries)


def events_panel(
    title: str,
    description: str,
    *queries: Query,
    colours: Mapping[str, str] | None = None,
    every: str = "1h",
    no_value: str = "none in this time range",
    unit: str = "short",
    span: int = 12,
    height: int = 8,
    alert: str = "",
) -> timeseries.Panel:
    """How often something happened, as stacked bars, one for every hour at least."""
    panel = timeseries.Panel().draw_style(c.GraphDrawStyle.BARS).fill_opacity(70).line_width(0).axis_soft_min(0)
    panel.stacking(common.StackingConfig().mode(c.StackingMode.NORMAL)).bar_width_factor(0.8)
    panel.legend(_legend("sum")).tooltip(_tooltip()).interval(every).decimals(0)
    panel.color_scheme(dashboard.FieldColor().mode(d.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    for name, colour in (colours or {}).items():
        panel.override_by_regexp(name, [_fixed(colour)])
    return _asked(_dressed(panel, title, description, unit, no_value, span, height, alert, None), queries)


def points_panel(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "s",
    every: str = "5m",
    no_value: str = "none in this time range",
    span: int = 12,
    height: int = 8,
    alert: str = "",
) -> timeseries.Panel:
    """What was measured when something happened: points, since there is nothing between two events."""
    panel = timeseries.Panel().draw_style(c.GraphDrawStyle.POINTS).point_size(7).axis_soft_min(0)
    panel.show_points(c.VisibilityMode.ALWAYS).legend(_legend()).tooltip(_tooltip()).interval(every)
    panel.color_scheme(dashboard.FieldColor().mode(d.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    return _asked(_dressed(panel, title, description, unit, no_value, span, height, alert, None), queries)


def states_panel(
    title: str,
    description: str,
    query: Query,
    words: Mapping[int, tuple[str, str]],
    *,
    no_value: str = "no data",
    span: int = 12,
    height: int = 5,
    alert: str = "",
) -> statetimeline.Panel:
    """What state things were in over time, in words."""
    panel = statetimeline.Panel().mappings([_mapping(words)]).merge_values(True).legend(_legend(None))
    panel.show_value(c.VisibilityMode.AUTO).row_height(0.8).fill_opacity(70).line_width(0)
    return _asked(_dressed(panel, title, description, "short", no_value, span, height, alert, None), [query])


def gauge_panel(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "percentunit",
    thresholds: Thresholds | None = None,
    no_value: str = "no data",
    span: int = 8,
    height: int = 8,
    alert: str = "",
) -> bargauge.Panel:
    """One horizontal bar for each series, with its value."""
    reduced = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    panel = bargauge.Panel().reduce_options(reduced).orientation(c.VizOrientation.HORIZONTAL)
    panel.display_mode(c.BarGaugeDisplayMode.BASIC).value_mode(c.BarGaugeValueMode.TEXT).show_unfilled(True).min(0)
    if unit == "percentunit":
        panel.max(1)
    dressed = _dressed(panel, title, description, unit, no_value, span, height, alert, thresholds)
    if thresholds is None:
        dressed.thresholds(_one_colour(CALM))
    return _asked(dressed, queries, instant=True)


def bars_panel(
    title: str,
    description: str,
    statement: Sql,
    *,
    x: str,
    columns: Mapping[str, tuple[str, str]],
    unit: str = "short",
    horizontal: bool = False,
    span: int = 12,
    height: int = 10,
) -> barchart.Panel:
    """A bar for each row of a SQL answer, stacked of columns: `{column: (name, colour)}`."""
    panel = barchart.Panel().x_field(x).stacking(c.StackingMode.NORMAL).fill_opacity(85).line_width(0)
    panel.orientation(c.VizOrientation.HORIZONTAL if horizontal else c.VizOrientation.VERTICAL)
    panel.show_value(c.VisibilityMode.AUTO).bar_width(0.8).group_width(0.9).tooltip(_tooltip())
    panel.legend(_legend(None)).axis_soft_min(0).x_tick_label_spacing(60)
    _name(panel, columns)
    return _asked(_dressed(panel, title, description, unit, "no rows", span, height, "", None), [statement])


def sql_points_panel(
    title: str,
    description: str,
    statement: Sql,
    *,
    columns: Mapping[str, tuple[str, str]],
    unit: str,
    span: int = 12,
    height: int = 10,
) -> timeseries.Panel:
    """Points of a SQL answer over its column `time`: `{column: (name, colour)}`."""
    panel = timeseries.Panel().draw_style(c.GraphDrawStyle.POINTS).point_size(7)
    panel.show_points(c.VisibilityMode.ALWAYS).legend(_legend(None)).tooltip(_tooltip())
    _name(panel, columns)
    return _asked(_dressed(panel, title, description, unit, "no rows", span, height, "", None), [statement])


def table_panel(
    title: str,
    description: str,
    labels: Mapping[str, Column],
    values: Sequence[tuple[Column, str]],
    *,
    sort: str = "",
    descending: bool = True,
    no_value: str = "none",
    span: int = 12,
    height: int = 8,
    alert: str = "",
) -> tables.Panel:
    """A row for each set of labels, a column for each query; all queries keep the same labels."""
    queries = [Query(expr) for _, expr in values]
    names = ["Value"] if len(values) == 1 else [f"Value #{_ref(number)}" for number in range(len(values))]
    columns = dict(labels) | {name: column for name, (column, _) in zip(names, values, strict=True)}
    panel = _table(columns, sort, descending)
    panel.with_transformation(d.DataTransformerConfig("merge", options={}))
    if len(values) > 1:  # what Grafana calls the only query that has an answer
        columns["Value"] = values[0][0]
    panel.with_transformation(_organized(columns, hidden=["Time"]))
    unit = "short"
    dressed = _dressed(panel, title, description, unit, no_value, span, height, alert, None)
    return _asked(dressed, queries, instant=True, form=PromQueryFormat.TABLE)


def rows_panel(
    title: str,
    description: str,
    statement: Sql,
    columns: Mapping[str, Column],
    *,
    no_value: str = "no rows",
    span: int = 12,
    height: int = 10,
) -> tables.Panel:
    """The rows of a SQL answer, in its own order; columns that are not named are left out."""
    panel = _table(columns, "", False).with_transformation(_organized(columns, only=True))
    return _asked(_dressed(panel, title, description, "short", no_value, span, height, "", None), [statement])


def variable(name: str, label: str, query: str, everything: str = ".*") -> dashboard.QueryVariable:
    """A choice at the top of a dashboard: several, or All, which is what it starts with."""
    built = dashboard.QueryVariable(name).label(label).datasource(PROMETHEUS).query(query).definition(query)
    built.multi(True).include_all(True).all_value(everything).allow_custom_value(False)
    built.current(d.VariableOption(text="All", value="$__all")).sort(d.VariableSort.ALPHABETICAL_ASC)
    built.refresh(d.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return built


def dashboard_of(
    uid: str,
    title: str,
    description: str,
    rows: Mapping[str, Sequence[Panel]],
    *,
    variables: Sequence[dashboard.QueryVariable] = (),
    time: tuple[str, str] = ("now-24h", "now"),
    refresh: str = "1m",
    alerts: str = "",
) -> d.Dashboard:
    """A whole dashboard: rows of panels, placed from left to right. `alerts`: which ones to mark in the charts."""
    built = dashboard.Dashboard(title).uid(uid).description(description).tags([TAG]).readonly().timezone("utc")
    built.time(*time).refresh(refresh).tooltip(d.DashboardCursorSync.CROSSHAIR).week_start("monday").preload(False)
    others = dashboard.DashboardLink("Dashboards").type(d.DashboardLinkType.DASHBOARDS).tags([TAG])
    built.link(others.as_dropdown(True).keep_time(False).icon("external link").tooltip("The other dashboards"))
    if alerts:
        built.annotation(_fired(alerts))
    for choice in variables:
        built.with_variable(choice)
    for row, panels in rows.items():
        built.with_row(dashboard.Row(row).id(_identity(row)))
        for panel in panels:
            built.with_panel(panel)
    return built.build()


def to_dashboard(uid: str, **choices: str) -> str:
    """An address within Grafana, with choices made: `dataset="${__data.fields.Dataset}"`."""
    chosen = "&".join(f"var-{name}={value}" for name, value in choices.items())
    return f"/d/{uid}" + (f"?{chosen}" if chosen else "")


def runbook(alert: str) -> str:
    """Where the alert's runbook is read."""
    return f"{RUNBOOKS}/{alert}.md"


def _dressed(
    panel: AnyPanel,
    title: str,
    description: str,
    unit: str,
    no_value: str,
    span: int,
    height: int,
    alert: str,
    thresholds: Thresholds | None,
) -> AnyPanel:
    panel.id(_identity(title)).title(title).description(description).unit(unit).no_value(no_value)
    panel.span(span).height(height)
    if thresholds:
        panel.thresholds(thresholds.builder())
    if alert:
        link = dashboard.DashboardLink(f"Runbook: {alert}").type(d.DashboardLinkType.LINK).url(runbook(alert))
        panel.links([link.target_blank(True)])
    return panel


def _asked(
    panel: AnyPanel,
    queries: Sequence[Query | Sql],
    *,
    instant: bool = False,
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> AnyPanel:
    panel.datasource(WAREHOUSE if isinstance(queries[0], Sql) else PROMETHEUS)
    for number, query in enumerate(queries):
        if isinstance(query, Sql):
            panel.with_target(query)
            continue
        target = query.builder(_ref(number)).format(form)
        target = target.instant() if instant else target.range()
        panel.with_target(target.legend_format(query.legend) if query.legend else target)
    return panel


def _table(columns: Mapping[str, Column], sort: str, descending: bool) -> tables.Panel:
    panel = tables.Panel().cell_height(c.TableCellHeight.SM).show_header(True)
    if sort:
        panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(descending)])
    for column in columns.values():
        panel.override_by_name(column.label, column.properties())
    return panel


def _name(panel: barchart.Panel | timeseries.Panel, columns: Mapping[str, tuple[str, str]]) -> None:
    for column, (name, colour) in columns.items():
        panel.override_by_name(column, [d.DynamicConfigValue("displayName", name), _fixed(colour)])


def _organized(
    columns: Mapping[str, Column], hidden: Sequence[str] = (), *, only: bool = False
) -> d.DataTransformerConfig:
    options: dict[str, object] = {
        "excludeByName": dict.fromkeys(hidden, True),
        "indexByName": {name: place for place, name in enumerate(columns)},
        "renameByName": {name: column.label for name, column in columns.items()},
    }
    if only:
        options["includeByName"] = dict.fromkeys(columns, True)
    return d.DataTransformerConfig("organize", options=options)


def _fired(alerts: str) -> dashboard.AnnotationQuery:
    """Marks the time in which alerts fired, by their own series."""
    labels = "alertname, severity, source, dataset, dag_id"
    marks = dashboard.AnnotationQuery().name("Alerts").datasource(PROMETHEUS).enable(True).icon_color(BAD)
    marks.expr(f'max by ({labels}) (ALERTS{{alertstate="firing", alertname=~"{alerts}"}})').step("60s")
    return marks.title_format("{{alertname}}").text_format("{{severity}} {{source}} {{dataset}} {{dag_id}}")


def _identity(title: str) -> int:
    return zlib.crc32(title.encode()) % 1_000_000 + 1


def _ref(number: int) -> str:
    return chr(ord("A") + number)


def _mapping(words: Mapping[int, tuple[str, str]]) -> d.ValueMapping:
    results = {
        str(value): d.ValueMappingResult(text=text, color=colour, index=place)
        for place, (value, (text, colour)) in enumerate(words.items())
    }
    return d.ValueMap(options=results)


def _fixed(colour: str) -> d.DynamicConfigValue:
    return d.DynamicConfigValue("color", {"fixedColor": colour, "mode": "fixed"})


def _one_colour(colour: str) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().mode(d.ThresholdsMode.ABSOLUTE).steps([d.Threshold(color=colour)])


def _legend(calculation: str | None = "lastNotNull") -> common.VizLegendOptions:
    legend = common.VizLegendOptions().placement(c.LegendPlacement.BOTTOM).show_legend(True)
    if calculation is None:
        return legend.display_mode(c.LegendDisplayMode.LIST).calcs([])
    return legend.display_mode(c.LegendDisplayMode.LIST).calcs([calculation])


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(c.TooltipDisplayMode.MULTI).sort(c.SortOrder.DESCENDING).hide_zeros(True)
