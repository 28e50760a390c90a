"""A full disk, under the lake or under Postgres: one clear line, nothing half-done, and a clean rerun."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from etl.core.errors import LakeUnavailableError, WarehouseUnavailableError
from etl.lake.store import Lake
from tests.conftest import MakeDatabase
from tests.warehouse.states import State, changed, owner, rows, run, state, storage

SmallDisk = Callable[[str], Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Mounts file systems of a given size; skips where only root could, or not even root."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        place = tmp_path / f"disk {len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount a small file system, which this user has not")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _enlarge(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)


@pytest.mark.parametrize(
    "size", ["4k", "48k", *(pytest.param(size, marks=pytest.mark.thorough) for size in ("24k", "144k"))]
)
def test_a_lake_that_is_full_stops_the_run_and_the_next_one_goes_on(
    small_disk: SmallDisk, old: str, make_database: MakeDatabase, new_state: State, size: str
) -> None:
    place = small_disk(size)
    with make_database(like=old) as dsn:
        before, files = state(dsn), storage(dsn)
        with pytest.raises(LakeUnavailableError, match=r"^The lake at .* is full: .*\.$") as caught:
            run(dsn, Lake(str(place)), changed())
        assert caught.value.exit_code == os.EX_TEMPFAIL
        assert "\n" not in str(caught.value)
        assert caught.value.hint == "Free some space and run the same command again."
        assert (state(dsn), storage(dsn)) == (before, files)
        assert rows(dsn, "select status, exit_code from ops.run order by started_at offset 1") == [("failed", 75)]
        assert list(place.rglob("*.unfinished")) == []
        _enlarge(place)
        run(dsn, Lake(str(place)), changed())
        assert state(dsn) == new_state


@pytest.mark.parametrize(
    "size", ["16k", "256k", *(pytest.param(size, marks=pytest.mark.thorough) for size in ("128k", "384k"))]
)
def test_a_warehouse_whose_disk_is_full_keeps_what_is_published(
    small_disk: SmallDisk,
    old: str,
    make_database: MakeDatabase,
    new_state: State,
    tmp_path: Path,
    size: str,
) -> None:
    place = small_disk(size)
    lake = Lake(str(tmp_path / "lake"))
    with _database_on(place, old, make_database) as dsn:
        before, files = state(dsn), storage(dsn)
        with pytest.raises(
            WarehouseUnavailableError, match=r"^Postgres ran out of a resource: .*[Nn]o space"
        ) as caught:
            run(dsn, lake, changed())
        assert caught.value.exit_code == os.EX_TEMPFAIL
        assert "\n" not in str(caught.value)
        assert caught.value.hint.startswith("Make room.")
        assert (state(dsn), storage(dsn)) == (before, files)
        assert rows(dsn, "select status, exit_code from ops.run order by started_at offset 1") == [("failed", 75)]
        _enlarge(place)
        run(dsn, lake, changed())
        assert state(dsn) == new_state


@contextmanager
def _database_on(place: Path, old: str, make_database: MakeDatabase) -> Iterator[str]:
    """A copy of a warehouse whose new tables go to that disk."""
    space = f"small_{uuid.uuid4().hex}"
    with owner(old) as cursor:
        cursor.execute("show data_directory")
        user = pwd.getpwuid(Path(cursor.fetchone()[0]).stat().st_uid)
        os.chown(place, user.pw_uid, user.pw_gid)
        for parent in place.parents:
            parent.chmod(parent.stat().st_mode | 0o011) if parent.stat().st_uid == os.getuid() else None
        cursor.execute(f"create tablespace {space} location '{place}'")
    try:
        with make_database(like=old) as dsn:
            with owner(dsn) as cursor:
                cursor.execute(f"grant create on tablespace {space} to public")
                name = dsn.split("?")[0].rsplit("/", 1)[1]
                cursor.execute(f"alter database {name} set default_tablespace = {space}")
            yield dsn
    finally:
        with owner(old) as cursor:
            cursor.execute(f"drop tablespace {space}")
