"""What a PromQL expression asks of Prometheus: which metrics, with which labels.

`selectors("sum by (a) (m{b='1'}) / on (a) n")` is `{("m", {"a", "b"}), ("n", {"a"})}`: labels are those of the matchers
and those that anything around the selector relies on (by, on, group_left, label_replace, `le` of a quantile, a legend).
A small reader of the grammar at https://prometheus.io/docs/prometheus/latest/querying/; promtool judges whether an
expression is right, this only takes it apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Selectors = set[tuple[str, frozenset[str]]]

PICKING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})  # these keep the labels of what they pick
AGGREGATIONS = PICKING | {"sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "quantile"}
# From the loosest to the tightest; `^` alone is read from right to left, which does not matter here.
OPERATORS = (
    ("or",),
    ("and", "unless"),
    ("==", "!=", "<=", "<", ">=", ">"),
    ("+", "-"),
    ("*", "/", "%", "atan2"),
    ("^",),
)
TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
  | (?P<duration>(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+)
  | (?P<number>0x[0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_:][\w:.]*)
  | (?P<symbol>=~|!~|==|!=|<=|>=|[-+*/%^<>=(){}\[\],:@])
    """,
    re.VERBOSE,
)
GRAFANA = {"__rate_interval": "5m", "__interval": "1m", "__range": "1h", "__range_s": "3600", "__interval_ms": "60000"}
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def concrete(expr: str) -> str:
    """The expression as Prometheus would get it from Grafana: intervals are durations, every choice is `.*` (All)."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return match[0] if name.isdigit() else GRAFANA.get(name, ".*")  # $1 is label_replace's

    return VARIABLE.sub(value, expr)


def legend_labels(legend: str) -> frozenset[str]:
    """The labels that a panel's legend shows: `{{dag_id}}: {{state}}`."""
    return frozenset(LEGEND.findall(legend))


def selectors(expr: str, relied_on: Iterable[str] = (), recorded: Mapping[str, str] | None = None) -> Selectors:
    """Each metric that the expression names, with the labels that it must have.

    `relied_on`: labels that its reader relies on, such as a legend's. `recorded`: rules by the name of their series;
    these are replaced by what they are made of.
    Raises: ValueError if an aggregation or a match takes away a label that something around it relies on.
    """
    found: Selectors = set()
    for metric, labels in _asked(parse(expr), frozenset(relied_on)):
        if recorded and metric in recorded:
            found |= selectors(recorded[metric], labels, recorded)
        else:
            found.add((metric, labels))
    return found


@dataclass(frozen=True)
class Selector:
    """`metric{labels}`, its range, offset and @ left out."""

    metric: str
    labels: frozenset[str]


@dataclass(frozen=True)
class Aggregation:
    """`sum by (labels) (of)`; `keeps`: those labels stay (by) rather than go (without)."""

    name: str
    labels: frozenset[str]
    keeps: bool
    of: tuple[Node, ...]


@dataclass(frozen=True)
class Call:
    """A function and its arguments."""

    name: str
    of: tuple[Node, ...]


@dataclass(frozen=True)
class Binary:
    """Two sides, the labels that they are matched on, and what group_left or group_right brings along."""

    operator: str
    left: Node
    right: Node
    is_on: bool
    labels: frozenset[str]
    brought: frozenset[str]
    many: str


@dataclass(frozen=True)
class Literal:
    """A number or a string."""

    text: str


Node = Selector | Aggregation | Call | Binary | Literal


def parse(expr: str) -> Node:
    """The expression's tree. Raises ValueError where it is none."""
    parser = _Parser(list(_tokens(expr)))
    tree = parser.expression()
    if parser.kind:
        raise ValueError(f"cannot read PromQL from {parser.text!r} on: {expr}")
    return tree


def _asked(node: Node, wanted: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """`wanted`: the labels that what is around relies on."""
    match node:
        case Selector(metric, labels):
            yield metric, labels | wanted
        case Aggregation("count_values", labels, _, (Literal(made), *rest)):
            for part in rest:
                yield from _asked(part, (wanted | labels) - {made.strip("\"'`")})
        case Aggregation(name, labels, keeps, of):
            lost = wanted - labels if keeps else wanted & labels
            if lost and name not in PICKING:
                raise ValueError(f"{name} takes away {sorted(lost)}")
            for part in of:
                yield from _asked(part, wanted | labels)
        case Call("label_replace" | "label_join" as name, (of, Literal(made), *others)):
            texts = [other.text.strip("\"'`") for other in others if isinstance(other, Literal)]
            read = {texts[1]} if name == "label_replace" else set(texts[1:])
            yield from _asked(of, wanted - {made.strip("\"'`")} | read)
        case Call("histogram_quantile" | "histogram_fraction", of):
            yield from _asked(of[-1], wanted | {"le"})
        case Call("scalar" | "absent" | "absent_over_time", of):  # nothing of their labels is left
            for part in of:
                yield from _asked(part, frozenset())
        case Call(_, of):
            for part in of:
                yield from _asked(part, wanted)
        case Binary(operator, left, right, is_on, labels, brought, many):
            both = wanted | labels
            match operator, many:
                case (("and" | "unless"), _):
                    yield from _asked(left, both)
                    yield from _asked(right, labels)
                case "or", _:
                    yield from _asked(left, both)
                    yield from _asked(right, both)
                case _, "group_left":
                    yield from _asked(left, (wanted - brought) | labels)
                    yield from _asked(right, labels | brought)
                case _, "group_right":
                    yield from _asked(left, labels | brought)
                    yield from _asked(right, (wanted - brought) | labels)
                case _:
                    if is_on and (lost := wanted - labels):
                        raise ValueError(f"{operator} on ({', '.join(sorted(labels))}) takes away {sorted(lost)}")
                    yield from _asked(left, both)
                    yield from _asked(right, both)


def _tokens(expr: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(expr):
        found = TOKEN.match(expr, place)
        if not found:
            raise ValueError(f"cannot read PromQL at {expr[place:]!r}")
        if found.lastgroup != "space":
            yield str(found.lastgroup), found[0]
        place = found.end()


@dataclass
class _Parser:
    tokens: list[tuple[str, str]]
    place: int = field(default=0)

    @property
    def kind(self) -> str:
        return self.tokens[self.place][0] if self.place < len(self.tokens) else ""

    @property
    def text(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def take(self, text: str = "") -> str:
        taken = self.text
        if not taken or (text and taken != text):
            raise ValueError(f"expected {text or 'more'!r}, found {taken!r}")
        self.place += 1
        return taken

    def takes(self, *texts: str) -> str:
        """The next token, taken, if it is one of these; else nothing."""
        return self.take() if self.kind in ("name", "symbol") and self.text.lower() in texts else ""

    def expression(self, level: int = 0) -> Node:
        if level == len(OPERATORS):
            return self.unary()
        left = self.expression(level + 1)
        while operator := self.takes(*OPERATORS[level]):
            left = self.binary(operator.lower(), left, level)
        return left

    def binary(self, operator: str, left: Node, level: int) -> Node:
        self.takes("bool")
        labels = self.names() if (how := self.takes("on", "ignoring").lower()) else frozenset()
        many = self.takes("group_left", "group_right").lower()
        brought = self.names() if many and self.text == "(" else frozenset()
        right = self.expression(level + 1)
        return Binary(operator, left, right, how == "on", labels if how == "on" else frozenset(), brought, many)

    def unary(self) -> Node:
        self.takes("+", "-")
        node = self.primary()
        while True:
            if self.takes("["):
                while not self.takes("]"):
                    self.take()
            elif self.takes("offset"):
                self.takes("-")
                self.take()
            elif self.takes("@"):
                self.take()
                if self.takes("("):  # @ start(), @ end()
                    self.take(")")
            else:
                return node

    def primary(self) -> Node:
        if self.takes("("):
            inner = self.expression()
            self.take(")")
            return inner
        if self.kind in ("number", "duration", "string"):
            return Literal(self.take())
        if self.text == "{":
            return self.selector("")
        if self.kind != "name":
            raise ValueError(f"expected an expression, found {self.text!r}")
        name = self.take()
        if name.lower() in AGGREGATIONS and (self.text == "(" or self.text.lower() in ("by", "without")):
            return self.aggregation(name.lower())
        if name.lower() in ("inf", "nan"):
            return Literal(name)
        if self.text == "(":
            return Call(name, self.arguments())
        return self.selector(name)

    def aggregation(self, name: str) -> Node:
        how = self.takes("by", "without")
        labels = self.names() if how else frozenset()
        of = self.arguments()
        if not how and (how := self.takes("by", "without")):
            labels = self.names()
        return Aggregation(name, labels, how.lower() != "without", of)

    def arguments(self) -> tuple[Node, ...]:
        self.take("(")
        found: list[Node] = []
        while not self.takes(")"):
            found.append(self.expression())
            self.takes(",")
        return tuple(found)

    def names(self) -> frozenset[str]:
        self.take("(")
        found: set[str] = set()
        while not self.takes(")"):
            found.add(self.take())
            self.takes(",")
        return frozenset(found)

    def selector(self, metric: str) -> Node:
        labels: set[str] = set()
        if self.takes("{"):
            while not self.takes("}"):
                label = self.take()
                if operator := self.takes("=", "!=", "=~", "!~"):
                    value = self.take().strip("\"'`")
                    if label == "__name__":
                        metric = value
                    elif value or operator == "!=":  # a="" asks for series without a
                        labels.add(label)
                else:  # {"metric", label="value"}
                    metric = label.strip("\"'`")
                self.takes(",")
        return Selector(metric, frozenset(labels))
