"""`selectors` finds each metric of an expression, and each label that something relies on."""

import pytest

from tests.monitoring.promql import Selectors, concrete, legend_labels, operands, selectors, windows


def found(**metrics: str) -> Selectors:
    return {(name, frozenset(labels.split())) for name, labels in metrics.items()}


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("m", found(m="")),
        ("m{a='1', b=~\".*\"}[5m] offset -1h", found(m="a b")),
        ("sum by (a, b) (m) / on (a) group_left () n{c!='}'}", found(m="a b", n="a c")),
        ("max by (a) (m / on (a, b) group_left (c) n)", found(m="a b", n="a b c")),
        ("m unless on (a) n offset 1h", found(m="a", n="a")),
        ("sum(m) by (a) and n{b='1'}", found(m="a", n="b")),
        ('m{a="", b!=""}', found(m="b")),
        ("m > bool 3 or on () vector(1)", found(m="")),
        ('sum by (r) (label_replace(m{u!=""}, "r", "$1", "u", "(.+)"))', found(m="u")),
        ('sum by (all) (label_join(m, "all", "-", "a", "b"))', found(m="a b")),
        ("histogram_quantile(0.9, sum by (d, le) (rate(h_bucket[5m])))", found(h_bucket="d le")),
        ("max by (a) (max_over_time(timestamp(m{b='x'})[1h:1m] @ end()))", found(m="a b")),
        ("topk by (a) (3, m)", found(m="a")),
        ('count_values by (a) ("version", m)', found(m="a")),
        ("sum by (a) (m) * scalar(n)", found(m="a", n="")),
        ("1 - (-m ^ 2) # how much", found(m="")),
        ("level:metric:rate5m{a='1'}", {("level:metric:rate5m", frozenset({"a"}))}),
        ('{"m", a="1"} + {__name__="n"}', found(m="a", n="")),
    ],
)
def test_metrics_are_found_with_the_labels_that_they_must_have(expr: str, expected: Selectors) -> None:
    merged: dict[str, frozenset[str]] = {}
    for metric, labels in selectors(expr):
        merged[metric] = merged.get(metric, frozenset()) | labels
    assert set(merged.items()) == expected


def test_labels_in_a_legend_are_relied_on() -> None:
    assert legend_labels("{{dag_id}}: {{ state }}") == {"dag_id", "state"}
    assert selectors("sum by (dag_id, state) (m)", {"dag_id"}) == found(m="dag_id state")


@pytest.mark.parametrize(
    ("expr", "label"),
    [("sum(m)", "a"), ("sum by (b) (m)", "a"), ("sum without (a) (m)", "a"), ("max by (a) (sum by (b) (m))", "b")],
)
def test_an_aggregation_that_drops_a_label_in_use_is_refused(expr: str, label: str) -> None:
    with pytest.raises(ValueError, match="drops"):
        selectors(expr, {label})


def test_a_match_that_drops_a_label_in_use_is_refused() -> None:
    with pytest.raises(ValueError, match=r"/ on \(a\) drops \['b'\]"):
        selectors("m / on (a) n", {"b"})


def test_recorded_series_are_replaced_by_their_expressions() -> None:
    recorded = {"a:m:sum": "sum by (a, b) (m)", "a:m:twice": "a:m:sum * 2"}
    assert selectors("max by (a) (a:m:twice)", (), recorded) == found(m="a b")
    with pytest.raises(ValueError, match="sum drops"):
        selectors("max by (c) (a:m:twice)", (), recorded)


def test_grafana_variables_become_concrete() -> None:
    expr = 'rate(m{a=~"$source", b=~"${dataset:regex}"}[$__rate_interval]) * label_replace(n, "x", "$1", "y", "(.+)")'
    wanted = 'rate(m{a=~".*", b=~".*"}[5m]) * label_replace(n, "x", "$1", "y", "(.+)")'
    assert concrete(expr) == wanted


@pytest.mark.parametrize("broken", ["sum by a (m)", "m{a=}", "m)", "rate(m[5m]", "m ~ n"])
def test_an_expression_that_is_not_promql_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match=r"promql|parenthesis|character"):
        selectors(broken)


def test_operands_are_worked_out_and_arguments_are_not_among_them() -> None:
    assert list(operands("abs(m) > (2 * 3600) and predict_linear(n[1d], 60) < -0.5")) == [7200, -0.5]
    assert list(operands("m - 6 / 2 + 1")) == [3, 1]


def test_windows_are_ranges_and_offsets() -> None:
    assert list(windows("rate(m[5m] offset 1h) + max_over_time(n[1d:10m]) + o offset 30s")) == [300, 3600, 86400, 30]
