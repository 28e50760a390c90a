"""A note or manifest with an impossible interval is a damaged file, not a wrong option of the command line."""

import json
from typing import Any

import pytest

from etl.core.errors import LakeUnavailableError
from etl.lake import bronze, inventory, layout, silver
from etl.lake.store import Lake
from tests.unit.lake.days import SOURCE, days, extracted, id_of, transformed

NONSENSE = [
    ["2024-05-17", "2024-05-17"],
    ["2024-05-17", "2006-03-01"],
    ["2024-13-01", "2024-14-01"],
    ["today", "tomorrow"],
    ["2024-05-17"],
    ["2024-05-17", 5],
]


def _change(lake: Lake, path: str, **changes: Any) -> None:
    lake.write(path, json.dumps(json.loads(lake.read(path)) | changes).encode())


@pytest.mark.parametrize("interval", NONSENSE, ids=str)
def test_a_note_with_an_impossible_interval_is_refused(lake: Lake, interval: list[Any]) -> None:
    run_id = id_of(1)
    transformed(lake, run_id, days(0, 1))
    _change(lake, layout.run(SOURCE.name, run_id), interval=interval)
    for read in (lambda: silver.state(lake, SOURCE), lambda: inventory.take(lake, [SOURCE])):
        with pytest.raises(LakeUnavailableError, match="is not what was written"):
            read()


@pytest.mark.parametrize("interval", NONSENSE, ids=str)
def test_a_compacted_run_that_holds_impossible_days_is_refused(lake: Lake, interval: list[Any]) -> None:
    run_id = id_of(1)
    transformed(lake, run_id, days(0, 1))
    _change(lake, layout.run(SOURCE.name, run_id), holds=[[*interval, run_id]])
    with pytest.raises(LakeUnavailableError, match="is not what was written"):
        silver.state(lake, SOURCE)


@pytest.mark.parametrize("interval", NONSENSE, ids=str)
def test_a_manifest_with_an_impossible_interval_is_refused(lake: Lake, interval: list[Any]) -> None:
    run_id = extracted(lake, id_of(1), days(0, 1))
    _change(lake, f"{layout.folder('bronze', 'days', run_id)}/manifest.json", interval=interval)
    with pytest.raises(LakeUnavailableError, match="is not what was written"):
        bronze.read_manifest(lake, "days", run_id)
    [run] = inventory.take(lake, [SOURCE])
    assert not run.is_known
