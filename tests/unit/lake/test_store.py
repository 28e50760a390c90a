"""Files of the lake are whole or not there at all, in a directory as in an object store."""

import errno
from pathlib import Path

import pytest

from etl.core.errors import AccessError, ConfigError, LakeUnavailableError, PlatformError
from etl.lake.store import Lake


def test_what_was_written_is_read_back(any_lake: Lake) -> None:
    any_lake.write("a/b/c.json", b"one")
    assert any_lake.read("a/b/c.json") == b"one"
    any_lake.write("a/b/c.json", b"two")
    assert any_lake.read("a/b/c.json") == b"two"
    with any_lake.open("a/b/c.json") as file:
        file.seek(1)
        assert file.read() == b"wo"


def test_large_files_and_bytes_of_all_kinds_arrive_whole(any_lake: Lake) -> None:
    content = bytes(range(256)) * 50_000  # more than one part of an upload
    with any_lake.create("large.bin") as file:
        for start in range(0, len(content), 1 << 20):
            file.write(content[start : start + (1 << 20)])
    assert any_lake.read("large.bin") == content
    any_lake.write("packed.json.gz", b"\x1f\x8b not really gzip")
    assert any_lake.read("packed.json.gz") == b"\x1f\x8b not really gzip"


def test_an_empty_file_exists(any_lake: Lake) -> None:
    any_lake.write("empty", b"")
    assert any_lake.exists("empty")
    assert any_lake.read("empty") == b""


def _begin(lake: Lake, path: str, content: bytes) -> None:
    before = lake.list("")
    with lake.create(path) as file:
        file.write(content)
        assert lake.list("") == before
        raise KeyError


@pytest.mark.parametrize("size", [3, 12_000_000])
def test_a_file_that_is_not_finished_never_appears(any_lake: Lake, size: int) -> None:
    with pytest.raises(KeyError):
        _begin(any_lake, "a/new", b"x" * size)
    assert not any_lake.exists("a/new")
    assert any_lake.list("a") == []


def test_the_old_content_stays_until_the_new_one_is_whole(any_lake: Lake) -> None:
    any_lake.write("a/file", b"old")
    with pytest.raises(KeyError):
        _begin(any_lake, "a/file", b"new")
    assert any_lake.read("a/file") == b"old"
    with any_lake.create("a/file") as file:
        file.write(b"new")
        assert any_lake.read("a/file") == b"old"
    assert any_lake.read("a/file") == b"new"


def test_two_who_write_the_same_file_at_the_same_time_do_not_collide(any_lake: Lake) -> None:
    with any_lake.create("a/b") as slow:
        slow.write(b"whole, ")
        any_lake.write("a/b", b"of another")
        slow.write(b"and last")
    assert any_lake.read("a/b") == b"whole, and last"
    assert any_lake.list("") == ["a/b"]


def test_lists_are_sorted_and_know_only_files_below_the_folder(any_lake: Lake) -> None:
    for name in ("x/2", "x/10", "x/deep/1", "xy/1", "y"):
        any_lake.write(name, b"")
    assert any_lake.list("x") == ["x/10", "x/2", "x/deep/1"]
    assert any_lake.list("nothing/here") == []


@pytest.mark.parametrize("few", [0, 1, 3, 200])
def test_many_files_are_listed_as_few_are(any_lake: Lake, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.lake.store.FEW_FOLDERS", few)
    for path in ("a/1/x", "a/1/deep/er", "a/2/y", "a/3/z", "a/beside", "ab/1", "b"):
        any_lake.write(path, b"content")
    for folder in ("a", "a/1", "ab", "nothing"):
        assert any_lake.list_many(folder) == any_lake.list_files(folder)
    assert any_lake.folders("a") == ["a/1", "a/2", "a/3"]
    assert any_lake.folders("nothing") == []


def test_what_is_deleted_is_gone(any_lake: Lake) -> None:
    any_lake.write("a/1", b"")
    any_lake.write("a/2", b"")
    any_lake.delete("a/1")
    assert any_lake.list("a") == ["a/2"]
    assert not any_lake.exists("a/1")
    assert not any_lake.exists("a")


@pytest.mark.parametrize("act", ["read", "delete"])
def test_a_file_that_is_not_there_is_an_error_of_ours(any_lake: Lake, act: str) -> None:
    with pytest.raises(LakeUnavailableError):
        getattr(any_lake, act)("no/such/file")


def test_urls_can_be_opened_by_others(tmp_path: Path, s3: str) -> None:
    assert Lake(str(tmp_path)).location("a/b") == str(tmp_path / "a/b")
    assert Lake(s3).location("a/b") == f"{s3.split('?')[0]}/a/b"


@pytest.mark.parametrize("name", ["with space", "100%", "a%20b", "#x?y", "Zoë", "file:x"])
def test_a_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    lake = Lake(str(tmp_path / name))
    lake.write("a", b"1")
    assert (tmp_path / name / "a").read_bytes() == b"1"
    assert lake.list("") == ["a"]


def test_a_relative_directory_and_a_file_url_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Lake("here/lake").write("a", b"1")
    assert Lake((tmp_path / "here" / "lake").as_uri()).read("a") == b"1"


# What cannot work


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/y",
        "nonsense://",
        "s3://",
        "s3://bucket/x?nonsense=1",
        "http://h/x",
        "s3://bucket/a#b",
        "s3://bucket/a//b",
    ],
)
def test_a_url_that_is_not_a_lake_is_a_matter_of_settings(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^ETL_LAKE__URL=") as told:
        Lake(url)
    assert "s3://bucket/prefix" in told.value.hint


@pytest.mark.parametrize("place", ["file/lake", "file", "/proc/lake", "/dev/null/lake", "n" * 300])
def test_a_place_where_nothing_can_be_written_is_a_matter_of_access(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AccessError, match="cannot be read or written") as told:
        Lake(str(tmp_path / place)).write("a/b", b"1")
    assert "ETL_LAKE__URL" in told.value.hint
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk_may_have_room_later(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    with pytest.raises(LakeUnavailableError, match="is full: No space left on device") as told, lake.create("a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert told.value.hint.startswith("Free some space")
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_that_does_not_exist_is_a_matter_of_settings(s3: str) -> None:
    with pytest.raises(ConfigError, match="no bucket") as told:
        Lake(s3.replace("a-lake", "no-such-bucket")).write("a", b"1")
    assert "Request ID" not in told.value.message


def test_a_bucket_that_does_not_exist_is_not_an_empty_lake(s3: str) -> None:
    with pytest.raises(ConfigError, match=r"no bucket: 'no-such-bucket' does not exist"):
        Lake(s3.replace("a-lake", "no-such-bucket")).list("bronze")
    assert Lake(s3).list("bronze") == []


def test_secrets_in_a_url_are_never_repeated(s3: str) -> None:
    def said(error: PlatformError) -> str:
        return f"{error.message} {error.hint}"

    secret = s3.replace("s3://", "s3://AKIAKEY:verysecret@")
    with pytest.raises(LakeUnavailableError) as told:
        Lake(secret).read("nothing")
    assert "AKIAKEY" not in said(told.value)
    assert "verysecret" not in said(told.value)
    with pytest.raises(ConfigError) as told_too:
        Lake("s3://AKIAKEY:verysecret@bucket/x?secret_thing=verysecret")
    assert "verysecret" not in said(told_too.value)
