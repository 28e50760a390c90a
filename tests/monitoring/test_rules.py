"""Each alert fires when it should and not a minute earlier; nothing fires on days without problems."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.rules import ALERTS, DASHBOARDS, FILES, RECORDED, TESTS, seconds

SEVERITIES = {"critical", "warning", "info"}
LEVEL_METRIC_OPERATION = re.compile(r"[a-z]+:[a-z0-9_]+:[a-z]+(\d+[smhd])?")
# Alerts that are about a particular pod.
ABOUT_A_POD = {"KubernetesPodRestarting"}

Test = dict[str, Any]
every_alert = pytest.mark.parametrize("alert", ALERTS)


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found:
        return found
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail("CI tests the rules, but there is no promtool on its PATH", pytrace=False)
    pytest.skip("needs promtool on the PATH; it comes with Prometheus: apt install prometheus")


def _succeeds(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_prometheus_accepts_the_rules(promtool: str, file: Path) -> None:
    _succeeds(promtool, "check", "rules", "--lint=all", "--lint-fatal", file)


def _case(file: Path) -> Any:
    name = file.name.removesuffix(".test.yaml")  # a whole day is evaluated minute by minute
    return pytest.param(file, id=name, marks=[pytest.mark.thorough] if name == "silent_day" else [])


@pytest.mark.parametrize("file", [_case(file) for file in TESTS])
def test_alerts_fire_when_they_should(promtool: str, file: Path) -> None:
    _succeeds(promtool, "test", "rules", file)


@cache
def _groups() -> tuple[Test, ...]:
    return tuple(group for file in TESTS for group in yaml.safe_load(file.read_text())["tests"])


def _looks(group: Test, alert: str) -> list[Test]:
    return [look for look in group.get("alert_rule_test", []) if look["alertname"] == alert]


def test_each_file_of_rules_has_its_tests() -> None:
    tested = {file.name.split(".")[0] for file in TESTS}
    assert tested == {file.stem for file in FILES} | {"silent_day"}


def test_the_silent_days_load_every_rule() -> None:
    (file,) = (file for file in TESTS if file.name.startswith("silent_day"))
    loaded = {Path(name).name for name in yaml.safe_load(file.read_text())["rule_files"]}
    assert loaded == {file.name for file in FILES}


@every_alert
def test_an_alert_is_tested_a_minute_before_and_when_it_fires(alert: str) -> None:
    for group in _groups():
        looks = _looks(group, alert)
        silent = [seconds(look["eval_time"]) for look in looks if not look["exp_alerts"]]
        firing = [seconds(look["eval_time"]) for look in looks if look["exp_alerts"]]
        if any(0 < after - before <= 60 for before, after in product(silent, firing)):
            return
    pytest.fail(f"no test of {alert} is silent at one minute and firing at the next")


@every_alert
def test_a_restart_of_an_exporter_does_not_make_a_new_alert(alert: str) -> None:
    fired = [one["exp_labels"] for group in _groups() for look in _looks(group, alert) for one in look["exp_alerts"]]
    of_exporters = {"instance", "endpoint", "service"} | (set() if alert in ABOUT_A_POD else {"pod", "container"})
    assert fired
    assert not [labels for labels in fired if of_exporters & labels.keys()]


@every_alert
def test_an_alert_says_what_is_wrong_how_severe_it_is_and_what_was_measured(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in SEVERITIES
    assert set(rule["annotations"]) == {"summary", "description"}  # the chart adds the link to the runbook
    assert "\n" not in rule["annotations"]["summary"]
    assert "$value | humanize" in rule["annotations"]["description"]


def test_recorded_series_are_named_after_level_metric_and_operation() -> None:
    assert not [name for name in RECORDED if not LEVEL_METRIC_OPERATION.fullmatch(name)]


def test_the_window_in_a_recorded_name_is_that_of_its_expression() -> None:
    for name, expr in RECORDED.items():
        window = re.search(r":[a-z]+(\d+)([smhd])$", name)
        if window and ":predict" in name:
            assert f", {window[1]} * 24 * 3600)" in expr, name
        elif window:
            assert set(re.findall(r"\[(\w+)\]", expr)) == {window[1] + window[2]}, name


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_series_is_used(name: str) -> None:
    expressions = [rule["expr"] for rule in ALERTS.values()]
    expressions += [expr for other, expr in RECORDED.items() if other != name]
    assert name in "\n".join([*expressions, *(file.read_text() for file in DASHBOARDS.glob("*.json"))])
