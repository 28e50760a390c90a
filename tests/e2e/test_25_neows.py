"""The optional source: `make up` is given a key, pods that ask the API get it, and nobody else ever sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, brought_up, questions

pytestmark = pytest.mark.thorough

KEY = "an-e2e-key-of-nobodys"
SECRET = ("secret", "api-keys", "--namespace=etl")


@dataclass(frozen=True)
class Asked:
    """What `make up` said when it was given a key, and the ID of a run that used it."""

    said: str
    run: str


@pytest.fixture(scope="module")
def asked(nasa_runs: dict[str, str], airflow: Airflow) -> Iterator[Asked]:
    assert not airflow.knows("neows"), "without a key it has no DAG"
    said = brought_up(ETL_NASA__API_KEY=KEY)
    yield Asked(said, airflow.succeed("neows"))
    kube.kubectl("delete", *SECRET)
    brought_up()
    kube.wait_for("no DAG without a key", lambda: not airflow.knows("neows"))


def test_passes_are_published_and_compared_with_jpls(asked: Asked, ask: Ask) -> None:
    assert ask("analyst", "select count(*) > 0 from silver.neows_passes") == [(True,)]
    assert ask("analyst", questions("neows")["neows_closest"])
    [(objects, known, _, _)] = ask("analyst", questions("neows")["neows_known_to_jpl"])
    assert objects == known > 0


def test_a_later_up_need_not_be_given_the_key_again(asked: Asked) -> None:
    brought_up()
    assert kube.secret("etl", "api-keys") == {"ETL_NASA__API_KEY": KEY}


def test_the_key_is_in_its_secret_and_nowhere_else(asked: Asked, airflow: Airflow) -> None:
    logs = {task: airflow.log("neows", asked.run, task) for task in ("check", "extract", "publish")}
    everything = kube.kubectl("get", "pods,jobs,configmaps,deployments,statefulsets,events", "-A", "-o", "json")
    assert all(logs.values())
    for where, text in {"make up": asked.said, "objects": everything, **logs}.items():
        assert KEY not in text, where
