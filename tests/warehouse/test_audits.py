"""Every audit fires at the smallest change of the source's answers, and not just beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from etl.core.errors import AuditError
from etl.core.outcomes import AuditResult
from etl.destinations.audits import SAMPLE_ROWS, raise_first_failure
from etl.lake.store import Lake
from etl.sql.statements import folder
from tests.conftest import ROOT
from tests.warehouse.states import Snapshot, launch, published, rows, run, snapshot, storage

Change = Callable[[Snapshot], object]


@dataclass(frozen=True)
class Case:
    """What is published first, what makes the audit fire after that, and the nearest change that does not."""

    audit: str
    fires: Change
    passes: Change
    offender: dict[str, object]
    first: Change = lambda facts: None
    interval: tuple[str, str] | None = None


def _core_of_a_slot(facts: Snapshot) -> str:
    return next(str(slot["core"]) for known in facts["launches"] for slot in known["cores"] if slot["core"])


def _without_core(facts: Snapshot, core_id: str) -> None:
    facts["cores"] = [core for core in facts["cores"] if core["id"] != core_id]


def _idle_core(facts: Snapshot) -> None:
    facts["cores"].append(facts["cores"][0] | {"id": "idle"})


def _launch(day: str | None, *, with_core: bool = True, upcoming: bool = False) -> Change:
    def add(facts: Snapshot) -> None:
        cores = [_core_of_a_slot(facts)] if with_core else []
        facts["launches"].append(launch("one", day, cores=cores, upcoming=upcoming))

    return add


CASES = {
    "every_dataset/keys_unique": Case(
        "spacex_cores.keys_unique",
        fires=lambda facts: facts["cores"].append(facts["cores"][0] | {"serial": "the same again"}),
        passes=_idle_core,
        offender={"repeated": snapshot()["cores"][0]["id"], "copies": 2},
    ),
    "spacex/no_orphan_core_slot": Case(
        "no_orphan_core_slot",
        first=_idle_core,
        fires=lambda facts: _without_core(facts, _core_of_a_slot(facts)),
        passes=lambda facts: None,  # the core that goes has no slot; slots with no core at all are in every snapshot
        offender={"core_id": _core_of_a_slot(snapshot())},
    ),
    "spacex/no_past_launch_without_date": Case(
        "no_past_launch_without_date",
        fires=_launch(None),
        passes=_launch(None, upcoming=True),
        offender={"launch_id": "one"},
    ),
}


def test_every_audit_is_made_to_fire_by_a_test() -> None:
    """Here, or in the file of its source beside this one."""
    place = folder() / "audits"
    found = {str(file.relative_to(place).with_suffix("")) for file in place.rglob("*.sql")}
    told = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    assert set(CASES) <= found
    assert {audit for audit in found if f'{audit.rpartition("/")[2]}"' not in told} == set()


@pytest.mark.parametrize("name", CASES)
def test_an_audit_that_fires_leaves_everything_byte_identical_and_one_that_does_not_lets_the_run_publish(
    name: str, database: str, tmp_path: Path
) -> None:
    case = CASES[name]
    lake = Lake(str(tmp_path / "lake"))
    run(database, lake, _with(case.first))
    contents, files = published(database), storage(database)

    with pytest.raises(AuditError) as caught:
        run(database, lake, _with(case.fires), case.interval)

    error, file = caught.value, f"sql/audits/{name}.sql"
    assert error.audit == case.audit
    assert error.offending_rows == 1
    assert case.offender.items() <= dict(error.sample[0]).items()
    assert all(f"{name}={value}" in error.message for name, value in case.offender.items())
    assert "\n" not in error.message
    assert error.hint.endswith(f" {file}.")
    assert (ROOT / file).read_text().strip() in error.query
    assert published(database) == contents
    assert storage(database) == files
    [(status, exit_code, said)] = rows(
        database, "select status, exit_code, error from ops.run order by started_at desc limit 1"
    )
    assert (status, exit_code, said) == ("failed", 65, error.message)
    assert _recorded(database) >= {(case.audit, 1)}

    summary = run(database, lake, _with(case.passes), case.interval)
    assert summary.published.status == "published"
    assert (case.audit, 1) not in _recorded(database)
    assert {offending for _, offending in _recorded(database)} == {0}


def test_all_audits_run_even_when_the_first_one_fires(database: str, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    run(database, lake)
    passed = _recorded(database)
    facts = _with(lambda facts: facts.update(payloads=facts["payloads"][:100]))
    facts["launches"].append(launch("one", None))
    with pytest.raises(AuditError, match=r"1 more failed: spacex_payloads.few_rows_lost"):
        run(database, lake, facts)
    failed = _recorded(database)
    assert {audit for audit, _ in failed} == {audit for audit, _ in passed}
    assert {audit for audit, offending in failed if offending} == {
        "spacex_payloads.few_rows_lost",
        "no_past_launch_without_date",
    }


def test_the_message_shows_the_rows_that_were_found_and_says_how_many_more_there_are() -> None:
    def failed(count: int) -> str:
        sample = tuple({"id": number, "n": 2} for number in range(min(count, SAMPLE_ROWS)))
        with pytest.raises(AuditError) as caught:
            raise_first_failure([AuditResult("a", count, sample, "select 1", "sql/audits/x/a.sql")])
        return caught.value.message

    assert failed(1) == "Audit a found 1 row that must not exist: (id=0, n=2)."
    assert failed(2) == "Audit a found 2 rows that must not exist: (id=0, n=2), (id=1, n=2)."
    assert failed(7).endswith("(id=4, n=2) and 2 more.")


def test_a_core_twice_on_one_launch_is_a_duplicate_key_in_gold(database: str, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    run(database, lake)
    contents, files = published(database), storage(database)
    facts = snapshot()
    core = _core_of_a_slot(facts)
    facts["launches"].append(launch("one", "2022-10-01", cores=[core, core]))
    with pytest.raises(AuditError) as caught:
        run(database, lake, facts)
    assert caught.value.audit == "core_reuses.keys_unique"
    assert (published(database), storage(database)) == (contents, files)


def _with(change: Change) -> Snapshot:
    facts = snapshot()
    change(facts)
    return facts


def _recorded(dsn: str) -> set[tuple[str, int]]:
    """By audit of the newest run, the rows it found."""
    return set(
        rows(
            dsn,
            "select audit, offending_rows from ops.audit_result "
            "where run_id = (select run_id from ops.run order by started_at desc limit 1)",
        )
    )
