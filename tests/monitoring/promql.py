"""What a PromQL expression needs from Prometheus: its metrics, and the labels they must have.

`selectors("sum by (a) (m{b='1'}) / on (a) n")` is `{("m", {"a", "b"}), ("n", {"a"})}`: labels come from matchers and
from whatever around the selector relies on them (by, on, group_left, label_replace, `le` of a quantile, a legend).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    BinModifier,
    Call,
    Expr,
    LabelModifierType,
    Matcher,
    MatchOp,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    SubqueryExpr,
    UnaryExpr,
    VectorMatchCardinality,
    VectorSelector,
    parse,
)

Labels = frozenset[str]
Selectors = set[tuple[str, Labels]]

KEEP_LABELS = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})  # of the series they pick
DROP_LABELS = frozenset({"scalar", "absent", "absent_over_time"})
ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
GRAFANA = {"__rate_interval": "5m", "__interval": "1m", "__range": "1h", "__range_s": "3600", "__interval_ms": "60000"}
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def concrete(expr: str) -> str:
    """The expression as Grafana sends it to Prometheus: intervals are durations, every choice is `.*` (All)."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return match[0] if name.isdigit() else GRAFANA.get(name, ".*")  # $1 is label_replace's

    return VARIABLE.sub(value, expr)


def legend_labels(legend: str) -> Labels:
    """The labels that a panel's legend shows: `{{dag_id}}: {{state}}`."""
    return frozenset(LEGEND.findall(legend))


def selectors(expr: str, relied_on: Iterable[str] = (), recorded: Mapping[str, str] | None = None) -> Selectors:
    """Each metric that the expression names, with the labels that it must have.

    `relied_on`: labels that the reader of the result relies on, such as a legend's. `recorded`: the expressions of
    recording rules by series name; such a series is replaced by the metrics of its expression.
    Raises: ValueError if it is not PromQL, or if an aggregation or a match drops a label that something relies on.
    """
    found: Selectors = set()
    for metric, labels in _required(parse(expr), frozenset(relied_on)):
        if recorded and metric in recorded:
            found |= selectors(recorded[metric], labels, recorded)
        else:
            found.add((metric, labels))
    return found


def operands(expr: str) -> Iterator[float]:
    """The constants that operators take, arithmetic on constants worked out: 7200 in `m > 2 * 3600`."""
    yield from _operands(parse(expr))


def windows(expr: str) -> Iterator[float]:
    """The ranges and offsets of its selectors and subqueries, in seconds."""
    for node in _nodes(parse(expr)):
        if isinstance(node, MatrixSelector | SubqueryExpr) and node.range:
            yield node.range.total_seconds()
        if isinstance(node, VectorSelector | SubqueryExpr) and node.offset:
            yield node.offset.total_seconds()


def _required(node: Expr, wanted: Labels) -> Iterator[tuple[str, Labels]]:
    """`wanted`: the labels that the surrounding expression relies on."""
    match node:
        case VectorSelector():
            yield _metric(node), wanted | {matcher.name for matcher in _matchers(node) if _needs_label(matcher)}
        case AggregateExpr():
            yield from _required_by_aggregation(node, wanted)
        case Call():
            yield from _required_by_call(node, wanted)
        case BinaryExpr():
            yield from _required_by_operator(node, wanted)
        case _:
            for child in _children(node):
                yield from _required(child, wanted)


def _required_by_aggregation(node: AggregateExpr, wanted: Labels) -> Iterator[tuple[str, Labels]]:
    name, modifier = str(node.op), node.modifier
    labels = frozenset(modifier.labels if modifier else ())
    if name == "count_values":
        wanted -= {node.param.val}
    elif name not in KEEP_LABELS:
        is_without = modifier is not None and modifier.type == AggModifierType.Without
        if dropped := wanted & labels if is_without else wanted - labels:
            raise ValueError(f"{name} drops {sorted(dropped)}")
    for child in _children(node):
        yield from _required(child, wanted | labels)


def _required_by_call(node: Call, wanted: Labels) -> Iterator[tuple[str, Labels]]:
    name, texts = node.func.name, [child.val for child in node.args if isinstance(child, StringLiteral)]
    if name == "label_replace":
        made, _, read, _ = texts
        wanted = wanted - {made} | {read}
    elif name == "label_join":
        made, _, *sources = texts
        wanted = wanted - {made} | set(sources)
    elif name in ("histogram_quantile", "histogram_fraction"):
        wanted |= {"le"}
    elif name in DROP_LABELS:
        wanted = frozenset()
    for child in node.args:
        yield from _required(child, wanted)


def _required_by_operator(node: BinaryExpr, wanted: Labels) -> Iterator[tuple[str, Labels]]:
    left, right = _required_on_sides(str(node.op), node.modifier, wanted)
    yield from _required(node.lhs, left)
    yield from _required(node.rhs, right)


def _required_on_sides(op: str, modifier: BinModifier | None, wanted: Labels) -> tuple[Labels, Labels]:
    matching = modifier.matching if modifier else None
    is_on = matching is not None and matching.type == LabelModifierType.Include
    labels = frozenset(matching.labels if matching and is_on else ())
    copied = frozenset((modifier.group_labels if modifier else None) or ())
    cardinality = modifier.card if modifier else VectorMatchCardinality.OneToOne
    if op in ("and", "unless"):
        return wanted | labels, labels
    if cardinality == VectorMatchCardinality.ManyToOne:  # group_left
        return (wanted - copied) | labels, labels | copied
    if cardinality == VectorMatchCardinality.OneToMany:  # group_right
        return labels | copied, (wanted - copied) | labels
    if op != "or" and is_on and (dropped := wanted - labels):
        raise ValueError(f"{op} on ({', '.join(sorted(labels))}) drops {sorted(dropped)}")
    return wanted | labels, wanted | labels


def _matchers(node: VectorSelector) -> Iterator[Matcher]:
    yield from node.matchers.matchers
    for alternative in node.matchers.or_matchers:
        yield from alternative


def _metric(node: VectorSelector) -> str:
    return node.name or next(matcher.value for matcher in _matchers(node) if matcher.name == "__name__")


def _needs_label(matcher: Matcher) -> bool:
    return matcher.name != "__name__" and bool(matcher.value or matcher.op == MatchOp.NotEqual)  # a="": no label a


def _children(node: Expr) -> tuple[Expr, ...]:
    match node:
        case MatrixSelector():
            return (node.vector_selector,)
        case AggregateExpr():
            return (node.expr,) if node.param is None else (node.param, node.expr)
        case Call():
            return tuple(node.args)
        case BinaryExpr():
            return node.lhs, node.rhs
        case ParenExpr() | UnaryExpr() | SubqueryExpr():
            return (node.expr,)
        case VectorSelector() | NumberLiteral() | StringLiteral():
            return ()
    raise TypeError(f"unknown node {type(node).__name__}")


def _nodes(node: Expr) -> Iterator[Expr]:
    yield node
    for child in _children(node):
        yield from _nodes(child)


def _operands(node: Expr) -> Iterator[float]:
    for child in _children(node):
        number = _constant(child) if isinstance(node, BinaryExpr) else None
        if number is None:
            yield from _operands(child)
        else:
            yield number


def _constant(node: Expr) -> float | None:
    match node:
        case NumberLiteral():
            return node.val
        case ParenExpr():
            return _constant(node.expr)
        case BinaryExpr() if (calculate := ARITHMETIC.get(str(node.op))) is not None:
            left, right = _constant(node.lhs), _constant(node.rhs)
            return None if left is None or right is None else calculate(left, right)
    return None
