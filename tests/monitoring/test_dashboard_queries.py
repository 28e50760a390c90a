"""Queries about events: the first one counts, and none counts twice."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from monitoring.dashboards.promql import happened, mean, or_zero, quantile

# A counter that appears with its first event, one that was there before, one whose exporter restarted at minute 30.
SERIES = {
    'born{kind="a", pod="1"}': "_x40 1x10 3x69",
    'known{kind="a", pod="1"}': "5x60 7x60",
    'moved{kind="a", pod="1"}': "4x29 stale _x90",
    'moved{kind="a", pod="2"}': "_x50 1x69",
    'slow_sum{kind="a"}': "_x40 6x79",
    'slow_count{kind="a"}': "_x40 3x79",
    'slow_bucket{kind="a", le="1"}': "_x40 0x79",
    'slow_bucket{kind="a", le="4"}': "_x40 3x79",
    'slow_bucket{kind="a", le="+Inf"}': "_x40 3x79",
}


CASES = [
    ("round(" + happened("born", "kind", window="1h") + ")", 90, 3),  # appears with 1, then 2 more
    ("round(" + happened("born", "kind", window="1h") + ")", 42, 1),
    ("round(" + happened("born", "kind", 'pod="1"', window="30m") + ")", 100, 0),  # all of them were earlier
    ("round(" + happened("known", "kind", window="1h") + ")", 90, 2),
    ("round(" + happened("known", "kind", window="30m") + ")", 50, 0),
    ("round(" + happened("moved", "kind", window="1h") + ")", 90, 1),  # what the old exporter counted happened earlier
    (mean("slow", "kind", window="1h"), 90, 2),
    (quantile(0.5, "slow", "kind", window="1h"), 90, 2.5),
    (or_zero(happened("absent", "kind", window="1h")), 90, 0),
]


def test_an_event_counts_once_and_the_first_one_counts(tmp_path: Path) -> None:
    if not (promtool := shutil.which("promtool")):
        pytest.skip("needs promtool on the PATH")
    expected = [
        {"expr": f"sum({expr})", "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": value}]}
        for expr, minute, value in CASES
    ]
    given = [{"series": series, "values": values} for series, values in SERIES.items()]
    test = {"interval": "1m", "input_series": given, "promql_expr_test": expected}
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}))
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
