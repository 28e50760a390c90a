"""Receiving the pictures that mosaics are made of: from who has a key, each once, the index last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from enrichment.mosaic.folder import Folder
from enrichment.receiver import create_app
from enrichment.service.settings import Settings
from tests.enrichment.pictures import encoded, galaxy
from tests.enrichment.serving import KEYS, Service, receiving

ONE, TWO = encoded(galaxy(seed=1)), encoded(galaxy(seed=2))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("receiver") / "pool"


@pytest.fixture(scope="module")
def receiver(place: Path) -> Iterator[Service]:
    with receiving(place) as started:
        yield started


def entry(data: bytes, **said: Any) -> dict[str, Any]:
    return {"file": f"{hashlib.sha256(data).hexdigest()}.image", "title": "M31", "is_reusable": True} | said


def index(receiver: Service, *entries: dict[str, Any]) -> Any:
    return receiver.post("/v1/pool", json={"pictures": list(entries)})


def test_the_folder_has_what_the_index_names_and_nothing_else(receiver: Service, place: Path) -> None:
    for data in (ONE, TWO, ONE):
        answer = receiver.post("/v1/pool/pictures", data=data)
        assert (answer.status_code, answer.json()) == (201, {"sha256": hashlib.sha256(data).hexdigest()})
    assert not (place / "index.json").exists()
    assert index(receiver, entry(ONE), entry(TWO, credit="NASA")).json() == {"pictures": 2}
    assert [one.credit for one in Folder(place).pictures] == ["", "NASA"]
    written = (place / "index.json").stat().st_mtime_ns
    assert index(receiver, entry(ONE), entry(TWO, credit="NASA")).ok
    assert (place / "index.json").stat().st_mtime_ns == written, "the page need not read it again"
    assert index(receiver, entry(TWO)).json() == {"pictures": 1}
    assert sorted(file.name for file in place.iterdir()) == sorted([entry(TWO)["file"], "index.json"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (entry(b"never sent"), "There is no picture"),
        (entry(ONE, file="../index.json"), "There is no picture"),
        (entry(ONE, link="javascript:alert(1)"), "is not a link"),
        (entry(ONE, title=""), "at least 1 character"),
    ],
)
def test_an_index_that_cannot_be_shown_changes_nothing(
    receiver: Service, place: Path, wrong: dict[str, Any], said: str
) -> None:
    receiver.post("/v1/pool/pictures", data=ONE)
    assert index(receiver, entry(ONE)).ok
    before = {file: file.read_bytes() for file in place.iterdir()}
    answer = index(receiver, wrong)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert {file: file.read_bytes() for file in place.iterdir()} == before


def test_who_has_no_key_sends_and_learns_nothing(receiver: Service, place: Path) -> None:
    before = sorted(place.iterdir())
    assert receiver.post("/v1/pool/pictures", data=TWO, key=None).status_code == 401
    assert receiver.post("/v1/pool", json={"pictures": []}, key="x" * 43).status_code == 401
    assert receiver.get("/v1/pool").status_code == 401
    assert sorted(place.iterdir()) == before
    assert receiver.get("/livez").status_code == 200


def test_a_folder_that_is_full_takes_no_more(tmp_path: Path) -> None:
    kept = create_app(Settings(keys=KEYS), tmp_path, most_bytes=len(ONE)).state.parts  # type: ignore[arg-type]
    kept.keep(ONE)
    kept.keep(ONE)
    with pytest.raises(Exception, match="no room"):
        kept.keep(TWO)
    assert json.dumps(kept.held()) == json.dumps([hashlib.sha256(ONE).hexdigest()])
