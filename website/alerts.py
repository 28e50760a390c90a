"""The page of alerts: each rule, with the first sentence of its runbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from website.markdown import table

HEAD = """# Alerts

Each alert has a runbook: what it means, what it costs, how to find the cause, what to do. Act on *critical* now, on
*warning* today, on *info* this week. `make alerts` prints the state of each.
"""


def page(monitoring: Path) -> str:
    """Every alert by the file of its rule, with a link to its runbook."""
    parts = [HEAD]
    for file in sorted((monitoring / "rules").glob("*.yaml")):
        rules = [rule for rule in _rules(file) if "alert" in rule]
        rows = ((_link(rule["alert"]), rule["labels"]["severity"], _says(monitoring, rule["alert"])) for rule in rules)
        parts += [f"## {file.stem}\n", table(("alert", "severity", "meaning"), rows)]
    return "\n".join(parts)


def _rules(file: Path) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(file.read_text("utf-8"))["groups"]:
        yield from group["rules"]


def _link(alert: str) -> str:
    return f"[{alert}]({alert}.md)"


def _says(monitoring: Path, alert: str) -> str:
    """The sentence under the runbook's first heading, without the severity, which has a column of its own."""
    text = (monitoring / "runbooks" / f"{alert}.md").read_text("utf-8")
    return text.partition("## Meaning\n\n")[2].partition(" Severity:")[0]
