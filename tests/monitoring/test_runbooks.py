"""Every alert has a runbook that matches its rule and whose commands work on this platform."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import click
import psycopg2
import pytest
import yaml
from psycopg2.extensions import connection

from etl import settings
from etl.cli import main as cli
from k8s.installer.__main__ import installer
from k8s.installer.cluster.kubectl import AIRFLOW, DATA_PLATFORM, MONITORING, NAMESPACES
from k8s.installer.install.secrets import LOGINS
from tests.conftest import ROOT, MakeDatabase
from tests.monitoring.objects import OF_OTHERS, known, made_by
from tests.monitoring.rules import ALERTS, RECORDED, quantities, seconds

RUNBOOKS = {file.stem: file for file in sorted((ROOT / "monitoring" / "runbooks").glob("*.md"))}
HEADINGS = ["# {alert}", "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]
MEANING = re.compile(r"Fires (?:immediately when (.+)|when (.+?),? for (\d+) (min|h))\. Severity: (\w+)\.")
QUANTITY = re.compile(r"([\d,.]*\d)\s*(%|s\b|min\b|h\b|days?\b)?")
UNITS = {"": 1.0, "%": 0.01, "s": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0, "days": 86400.0}
# Words that start like the name of an alert.
LIKE_AN_ALERT = re.compile(
    rf"\b(?:{'|'.join(sorted({re.split('(?<=[a-z])(?=[A-Z])', a)[0] for a in ALERTS}))})[A-Z]\w+"
)
KINDS = {
    "configmap": "ConfigMap",
    "cronjob": "CronJob",
    "deployment": "Deployment",
    "events": "Event",
    "jobs": "Job",
    "limitrange": "LimitRange",
    "networkpolicy": "NetworkPolicy",
    "nodes": "Node",
    "pod": "Pod",
    "pods": "Pod",
    "prometheusrules": "PrometheusRule",
    "pvc": "PersistentVolumeClaim",
    "resourcequota": "ResourceQuota",
    "secret": "Secret",
    "service": "Service",
    "servicemonitors": "ServiceMonitor",
    "statefulset": "StatefulSet",
}
WITH_VALUE = {"-n", "-c", "-o", "--patch"}
NOT_OURS = {"curl", "docker"}
# Verb → recipe; `psql:` → `@$(PLATFORM) psql -- $(ARGS)`.
MAKE_VERBS = dict(re.findall(r"^([a-z0-9-]+):.*##.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(), re.MULTILINE))
TOP_LEVEL = {path.name for path in ROOT.iterdir()}
# A path of this repository, `<source>` standing for any; not the end of a URL or of a path in a container.
PATH = re.compile(r"(?<![\w/.])(?:[\w.-]+/)(?:[\w.<>-]+/)*[\w.<>-]*")
OBJECT = re.compile(r"\b(ConfigMap|CronJob|NetworkPolicy|Secret)\s+`([\w-]+)`")
OPTIONS = [option for verb in installer.commands.values() for option in verb.params if isinstance(option, click.Option)]
MAKE_VARIABLES = {"ARGS"} | {option.envvar for option in OPTIONS}

every_runbook = pytest.mark.parametrize("alert", RUNBOOKS)


def _commands(alert: str) -> Iterator[list[str]]:
    """The commands in its code blocks, split as the shell would."""
    for block in re.findall(r"^```\n(.*?)^```$", RUNBOOKS[alert].read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            yield shlex.split(line, comments=True)


def _code(alert: str) -> list[str]:
    """Everything between backticks in its text."""
    text = re.sub(r"^```\n.*?^```$", "", RUNBOOKS[alert].read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


# The text


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    assert set(RUNBOOKS) == set(ALERTS)


@every_runbook
def test_a_runbook_has_the_four_headings_in_order(alert: str) -> None:
    headings = [line for line in RUNBOOKS[alert].read_text().splitlines() if line.startswith("#")]
    assert headings == [heading.format(alert=alert) for heading in HEADINGS]


@every_runbook
def test_its_first_sentence_states_thresholds_duration_and_severity_of_the_rule(alert: str) -> None:
    rule, lines = ALERTS[alert], RUNBOOKS[alert].read_text().splitlines()
    stated = MEANING.fullmatch(lines[lines.index("## Meaning") + 2])
    assert stated, "write: Fires when … for 5 min. Severity: warning. Or: Fires immediately when …"
    at_once, lasting, number, unit, severity = stated.groups()
    assert severity == rule["labels"]["severity"]
    assert (int(number) * UNITS[unit] if number else 0) == seconds(rule.get("for", "0m"))
    said = {
        round(float(number.replace(",", "")) * UNITS[unit], 6) for number, unit in QUANTITY.findall(at_once or lasting)
    }
    assert said - {0, 1} == quantities(rule)


@every_runbook
def test_what_its_text_names_exists(alert: str) -> None:
    text = RUNBOOKS[alert].read_text()
    assert set(LIKE_AN_ALERT.findall(text)) <= set(ALERTS)
    assert set(re.findall(r"\bETL_[A-Z0-9_]*[A-Z0-9]", text)) <= {name for name, _, _ in settings.names()}
    assert set(re.findall(r"\b[a-z]+:[a-z0-9_]+:[a-z0-9]+", text)) <= set(RECORDED)
    for code in _code(alert):
        first, *words = code.split()
        if first == "etl" and words:
            _assert_etl(words)
        elif first == "make":
            _assert_make(words)
        elif first == "kubectl":
            _assert_kubectl([word for word in shlex.split(code)[1:] if "<" not in word])
        elif first.startswith("-"):
            pytest.fail(f"{code} is an option of what? Write the command, too")


@every_runbook
def test_each_path_it_names_exists(alert: str) -> None:
    named = [path for path in PATH.findall(RUNBOOKS[alert].read_text()) if path.split("/")[0] in TOP_LEVEL]
    for path in [*named, *(code for code in _code(alert) if PATH.fullmatch(code))]:
        assert list(ROOT.glob(re.sub(r"<\w+>", "*", path.rstrip("/.")))), f"there is no {path}"


@every_runbook
def test_each_object_it_names_is_installed(alert: str) -> None:
    installed = {(kind, name) for _, kind, name in known()}
    assert set(OBJECT.findall(RUNBOOKS[alert].read_text())) <= installed


def test_paths_are_found_in_text_and_commands() -> None:
    text = "see `dags/spacex.py`, sql/audits/<source>/<name>.sql and charts/values/. But /opt/airflow/dags, a.b/docs/x."
    found = [path for path in PATH.findall(text) if path.split("/")[0] in TOP_LEVEL]
    assert found == ["dags/spacex.py", "sql/audits/<source>/<name>.sql", "charts/values/."]


# Its commands


@every_runbook
def test_its_commands_name_only_what_exists(alert: str) -> None:
    for first, *words in _commands(alert):
        if first == "make":
            _assert_make(words)
        elif first == "kubectl":
            _assert_kubectl(words)
        else:
            assert first in NOT_OURS, first


def _assert_make(words: list[str]) -> None:
    verb, *variables = words
    assert verb in MAKE_VERBS, f"there is no make {verb}"
    recipe = MAKE_VERBS[verb]
    allowed = set(re.findall(r"\$\((\w+)\)", recipe))
    if started := re.search(r"\$\(PLATFORM\) ([\w-]+)", recipe):
        options = installer.commands[started[1]].params
        allowed |= {option.envvar for option in options if isinstance(option, click.Option)}
    assert {variable.split("=")[0] for variable in variables} <= allowed


def _assert_etl(words: list[str]) -> None:
    command: click.Command = cli.etl
    for word in words:
        if word.startswith("--"):
            assert word in {name for option in command.params for name in option.opts}, word
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            assert found, f"there is no etl {word}"
            command = found


def _assert_kubectl(words: list[str]) -> None:
    call = list(takewhile(lambda word: word != "--", words))
    flags = {flag: call[at + 1] for at, flag in enumerate(call) if flag in WITH_VALUE}
    positional = [
        word for at, word in enumerate(call) if not word.startswith("-") and (at == 0 or call[at - 1] not in WITH_VALUE)
    ]
    namespace = flags.get("-n", "")
    assert namespace in ("", *NAMESPACES)
    verb, *rest = positional
    if verb == "create":
        kind, *rest = rest
        assert kind in ("job", "secret")
        sources = [word.removeprefix("--from=") for word in call if word.startswith("--from=")]
        targets = sources if kind == "job" else [f"secret/{rest[1]}"]
    elif verb in ("get", "describe", "patch"):
        kind, *names = rest
        assert kind in KINDS
        targets = [f"{kind}/{name}" for name in names]
    elif verb == "rollout":
        assert rest[0] == "restart"
        targets = rest[1:]
    else:
        assert verb in ("logs", "exec", "port-forward")
        targets = rest[:1]
    for target in targets:
        kind, name = target.split("/") if "/" in target else ("pod", target)
        found = known().get((namespace, KINDS[kind], name))
        assert found is not None, f"there is no {kind} {name} in {namespace}"
        if "-c" in flags:
            assert flags["-c"] in found, f"{target} has no container {flags['-c']}"


def _statements() -> Iterator[tuple[str, str, str]]:
    """(alert, role, SQL) of each call of psql."""
    for alert in RUNBOOKS:
        for words in _commands(alert):
            if words[:2] == ["make", "psql"]:
                variables = dict(word.split("=", 1) for word in words[2:])
                role, arguments = variables.get("ROLE", "analyst"), shlex.split(variables["ARGS"])
            elif "psql" in words:
                arguments = words[words.index("psql") + 1 :]
                role = next(word.removeprefix("--username=") for word in arguments if word.startswith("--username="))
            else:
                continue
            yield alert, role, arguments[arguments.index("-c") + 1]


@pytest.fixture(scope="module")
def warehouse(make_database: MakeDatabase) -> Iterator[connection]:
    """A migrated warehouse; each test rolls back."""
    with make_database() as dsn:
        opened = psycopg2.connect(dsn)
        yield opened
        opened.close()


@pytest.mark.parametrize(("alert", "role", "query"), list(_statements()))
def test_its_sql_may_be_run_by_that_role(alert: str, role: str, query: str, warehouse: connection) -> None:
    assert role in (*LOGINS, "postgres")
    with closing(warehouse.cursor()) as cursor:
        if role != "postgres":
            cursor.execute(f"set local role {role}")
        if table := re.fullmatch(r"vacuum \(verbose\) ([\w.]+)", query):
            query = f"select from {table[1]}"
        cursor.execute(f"explain {query}" if "pg_terminate_backend" in query else query)
        warehouse.rollback()


# What other charts create


@pytest.mark.parametrize(
    ("chart", "release", "namespace"),
    [
        ("airflow", "airflow", AIRFLOW),
        ("kube-prometheus-stack", "kube-prometheus-stack", MONITORING),
        ("prometheus-statsd-exporter", "statsd-exporter", MONITORING),
        ("prometheus-postgres-exporter", "postgres-exporter", DATA_PLATFORM),
    ],
)
def test_what_we_declare_about_other_charts_is_true(chart: str, release: str, namespace: str, shared: Path) -> None:
    folder = shared / "cluster" / "charts" / chart
    if not folder.is_dir() or not shutil.which("helm"):
        pytest.skip("needs helm, and the other charts next to the repository")
    values = ROOT / "charts" / "values" / f"{release}.yaml"
    command = ["helm", "template", release, str(folder), "--namespace", namespace, f"--values={values}"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    made = dict(made_by([one for one in yaml.safe_load_all(text) if one], namespace))
    ours = {
        key: boxes
        for key, boxes in OF_OTHERS.items()
        if key[0] == namespace and key[2].removeprefix("logs-").startswith(release)
    }
    assert ours
    assert {key: made.get(key) for key in ours} == ours
