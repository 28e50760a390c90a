"""The bundled facts are the API's, and nothing but facts."""

import gzip
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from etl.sources.spacex import snapshot
from etl.sources.spacex.snapshot import PROSE_AND_LINKS

Record = dict[str, Any]
RealResponse = Callable[[str], list[Record]]
FILES = {
    "launches": "launches_v5.json",
    "rockets": "rockets.json",
    "launchpads": "launchpads.json",
    "landpads": "landpads.json",
    "payloads": "payloads.json",
}
MOST_REUSED, FLIGHT_TWO_TWICE = "5e9e28a7f3591817f23b2663", "5f57c54a0622a633027900a1"


@pytest.fixture(scope="module")
def facts() -> snapshot.Snapshot:
    return snapshot.load()


@pytest.fixture(scope="module")
def launches(facts: snapshot.Snapshot) -> list[Record]:
    return facts["launches"]


@pytest.fixture(scope="module")
def slots(launches: list[Record]) -> list[Record]:
    return [{**slot, "upcoming": launch["upcoming"]} for launch in launches for slot in launch["cores"]]


def same_fact(ours: Any, theirs: Any) -> bool:
    """Whether ours is theirs, except for prose and links, whose keys must be there and empty."""
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(
            is_empty(ours[key]) if key in PROSE_AND_LINKS else same_fact(ours[key], theirs[key]) for key in theirs
        )
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same_fact, ours, theirs))
    return type(ours) is type(theirs) and bool(ours == theirs)


def is_empty(value: Any) -> bool:
    return all(map(is_empty, value.values())) if isinstance(value, dict) else value in (None, [])


@pytest.mark.parametrize("resource", FILES)
def test_every_fact_is_the_one_the_api_gave(
    resource: str, facts: snapshot.Snapshot, real_response: RealResponse
) -> None:
    theirs = real_response(FILES[resource])
    assert len(facts[resource]) == len(theirs)
    for ours, their in zip(facts[resource], theirs, strict=True):
        assert same_fact(ours, their), ours["id"]


def test_the_same_responses_make_the_same_bytes(tmp_path: Path, real_response: RealResponse) -> None:
    responses = {resource: real_response(file) for resource, file in FILES.items()}
    made = tmp_path / "made.json.gz"
    snapshot.save(snapshot.reduce(responses), made)
    assert gzip.decompress(made.read_bytes()) == gzip.decompress(snapshot.PATH.read_bytes())
    again = tmp_path / "again.json.gz"
    snapshot.save(snapshot.reduce(responses), again)
    assert again.read_bytes() == made.read_bytes()


def test_the_command_makes_a_snapshot_from_a_folder(tmp_path: Path) -> None:
    for resource in FILES:
        (tmp_path / FILES[resource]).write_text('[{"id": "a", "details": "prose", "cores": [], "date_utc": ""}]')
    (tmp_path / "cores.json").write_text('[{"id": "b", "serial": "B9999", "last_update": "landed"}]')
    said: list[str] = []
    snapshot.main(["--from-dir", str(tmp_path), "--to", str(tmp_path / "made.json.gz")], said.append)
    made = snapshot.load(tmp_path / "made.json.gz")
    assert made["rockets"] == [{"id": "a", "details": None, "cores": [], "date_utc": ""}]
    assert made["cores"] == [{"id": "b", "serial": "B9999", "last_update": None}]
    assert "1 launches" in said[0]


def test_the_command_makes_the_same_snapshot_from_the_api_itself(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    said: list[str] = []
    snapshot.main(["--from-url", url, "--to", str(tmp_path / "made.json.gz")], said.append)
    assert snapshot.load(tmp_path / "made.json.gz") == snapshot.load()


def test_it_is_small_and_holds_no_link() -> None:
    assert snapshot.PATH.stat().st_size < 200_000
    assert b"http" not in gzip.decompress(snapshot.PATH.read_bytes())


def test_it_has_205_launches_of_which_187_are_past(launches: list[Record]) -> None:
    assert Counter(launch["upcoming"] for launch in launches) == {False: 187, True: 18}


def test_it_has_215_core_slots_of_which_19_are_unassigned_and_all_those_upcoming(slots: list[Record]) -> None:
    assert len(slots) == 215
    assert [slot["upcoming"] for slot in slots if slot["core"] is None] == [True] * 19


def test_flight_number_is_not_a_key(launches: list[Record]) -> None:
    counts = Counter(launch["flight_number"] for launch in launches)
    assert {number: count for number, count in counts.items() if count > 1} == {188: 4, 198: 2}


def test_core_and_flight_are_not_a_key(slots: list[Record]) -> None:
    flown = Counter((slot["core"], slot["flight"]) for slot in slots if slot["core"])
    assert [use for use, count in flown.items() if count > 1] == [(FLIGHT_TWO_TWICE, 2)]


def test_the_two_dates_of_a_launch_disagree_on_two(launches: list[Record]) -> None:
    disagreeing = [
        launch["name"]
        for launch in launches
        if datetime.fromisoformat(launch["date_utc"]).timestamp() != launch["date_unix"]
    ]
    assert disagreeing == ["COTS 2", "SSO-A"]


def test_one_past_launch_has_no_outcome_and_36_launches_have_no_fairings(launches: list[Record]) -> None:
    no_outcome = [launch for launch in launches if launch["success"] is None and not launch["upcoming"]]
    assert [launch["flight_number"] for launch in no_outcome] == [172]
    assert sum(launch["fairings"] is None for launch in launches) == 36


def test_a_failure_before_lift_off_has_a_negative_time(launches: list[Record]) -> None:
    failures = {launch["name"]: failure for launch in launches for failure in launch["failures"]}
    assert failures["Amos-6"] == {"time": -165180, "altitude": 0, "reason": None}


def test_crew_has_the_shape_of_v5(launches: list[Record]) -> None:
    crews = [member for launch in launches for member in launch["crew"]]
    assert crews
    assert all(member.keys() == {"crew", "role"} for member in crews)


def test_every_core_named_by_a_launch_is_there_once(facts: snapshot.Snapshot, slots: list[Record]) -> None:
    ids = [core["id"] for core in facts["cores"]]
    assert len(ids) == len(set(ids))
    assert set(ids) == {slot["core"] for slot in slots} - {None}


def test_serials_are_unique_and_the_most_reused_core_is_b1058(facts: snapshot.Snapshot) -> None:
    serials = [core["serial"] for core in facts["cores"] if core["serial"]]
    assert len(serials) == len(set(serials))
    assert set(serials) == {serial for serials in snapshot.known_serials().values() for serial in serials}
    most = max(facts["cores"], key=lambda core: core["reuse_count"])
    assert (most["id"], most["serial"], most["block"], most["reuse_count"]) == (MOST_REUSED, "B1058", 5, 13)


def test_upcoming_launches_do_not_count_as_use(facts: snapshot.Snapshot, launches: list[Record]) -> None:
    ussf_44 = next(launch for launch in launches if launch["name"] == "USSF-44")
    cores = [core for core in facts["cores"] if core["launches"] == [ussf_44["id"]]]
    assert [core["reuse_count"] for core in cores] == [0, 0, 0]
    assert [core["serial"] for core in cores] == [None, None, None]


def test_landings_are_counted_by_where_the_core_came_down() -> None:
    def launch(day: int, landing_type: str | None, success: bool, upcoming: bool = False) -> Record:
        landing = {"landing_type": landing_type, "landing_attempt": True, "landing_success": success}
        slot = {"core": "c", "flight": day, **landing}
        return {"id": f"l{day}", "name": "x", "date_utc": f"2020-01-0{day}", "upcoming": upcoming, "cores": [slot]}

    flown = [launch(1, "RTLS", True), launch(3, "ASDS", False), launch(2, "ASDS", True), launch(4, "RTLS", True, True)]
    (core,) = snapshot.derive_cores(flown)
    assert core == {
        "id": "c",
        "serial": None,
        "block": None,
        "status": "unknown",
        "reuse_count": 2,
        "rtls_attempts": 1,
        "rtls_landings": 1,
        "asds_attempts": 2,
        "asds_landings": 1,
        "last_update": None,
        "launches": ["l1", "l2", "l3", "l4"],
    }
