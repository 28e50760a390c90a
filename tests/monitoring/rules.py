"""The rules, read as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.monitoring.promql import operands, selectors, windows

RULES = ROOT / "monitoring" / "rules"
DASHBOARDS = ROOT / "monitoring" / "dashboards" / "json"
FILES = tuple(sorted(RULES.glob("*.yaml")))
TESTS = tuple(sorted(Path(__file__).with_name("rules").glob("*.test.yaml")))
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Rule = dict[str, Any]


def every_rule() -> Iterator[Rule]:
    """All rules of monitoring/rules, in the order of files and groups."""
    for file in FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


ALERTS: dict[str, Rule] = {rule["alert"]: rule for rule in every_rule() if "alert" in rule}
RECORDED: dict[str, str] = {rule["record"]: rule["expr"] for rule in every_rule() if "record" in rule}


def seconds(text: str) -> float:
    """`1h30m` as Prometheus means it."""
    return sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))


def quantities(rule: Rule) -> set[float]:
    """What an alert compares with and looks back to, in base units, the 4d of a recorded name included.

    0 and 1 are left out: they mean none, some, yes and no.
    """
    expr = rule["expr"]
    recorded = (re.search(r":[a-z]+(\d+[smhd])$", metric) for metric, _ in selectors(expr))
    return {*operands(expr), *windows(expr), *(seconds(window[1]) for window in recorded if window)} - {0, 1}
