"""Files of the lake, in a directory or an object store; a file is there in full or not at all."""

from __future__ import annotations

import errno
import re
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar
from urllib.parse import quote

from pyarrow import NativeFile
from pyarrow import fs as arrow_fs

from etl.core.errors import AccessError, ConfigError, LakeUnavailableError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}
UNFINISHED = ".unfinished"
FEW_FOLDERS = 200  # of which each is worth a request of its own
CONCURRENCY = 16  # requests to an object store, which answers each within a few hundredths of a second
SPOOL_BYTES = 8 * 2**20  # held in memory of a file being uploaded to an object store; a larger file is spooled to disk
CHUNK_BYTES = 16 * 2**20  # in flight at a time
UNQUOTED = "/:@%!$&'()*+,;="  # of a URI's path, and of the user in front of it; % begins a code
NOT_A_CODE = re.compile("%(?![0-9A-Fa-f]{2})")

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class StoredFile:
    """A file as a listing describes it."""

    path: str
    bytes: int
    written_at: datetime


class Lake:
    """A folder of files. `url` is a directory or `s3://bucket/prefix`, with pyarrow's options as its query."""

    def __init__(self, url: str) -> None:
        self.url = _without_secrets(url)
        with self.errors():
            try:
                uri = _with_delayed_open(_quoted(url)) if "://" in url else Path(url).absolute().as_uri()
                self.files, self._root = arrow_fs.FileSystem.from_uri(uri)
            except (ValueError, NotImplementedError) as error:
                raise ConfigError(
                    f"ETL_LAKE__URL={self.url} is not a valid location for a lake: {_without_secrets(str(error))}.",
                    hint="Set ETL_LAKE__URL to a directory or to s3://bucket/prefix.",
                ) from error
        if not self._root:
            raise ConfigError(f"ETL_LAKE__URL={self.url} names no bucket.", hint="Set it to s3://bucket/prefix.")
        self.is_local = isinstance(self.files, arrow_fs.LocalFileSystem)
        self.region: str | None = getattr(self.files, "region", None)  # of an object store on AWS
        self._bucket_exists = False

    def write(self, path: str, content: bytes) -> None:
        """Write a file; a reader sees the old one or the new one, never half of one."""
        with self.create(path) as file:
            file.write(content)

    @contextmanager
    def create(self, path: str) -> Iterator[IO[bytes] | NativeFile]:
        """A stream into a file that appears under its name once the block succeeds."""
        with self.errors():
            if self.is_local:
                with self._renamed_when_done(self.full_path(path)) as file:
                    yield file
                return
            with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as waiting:  # an upload cannot be undone once it has begun
                yield waiting
                waiting.seek(0)
                with ThreadPoolExecutor(1) as uploading:  # out of reach of signals, which would interrupt it half-way
                    uploading.submit(self._upload, waiting, self.full_path(path)).result()

    @contextmanager
    def _renamed_when_done(self, final: str) -> Iterator[NativeFile]:
        self._make_folder(str(PurePosixPath(final).parent))
        unfinished = (
            f"{final}.{secrets.token_hex(4)}{UNFINISHED}"  # two processes may write the same file at the same time
        )
        file = self.files.open_output_stream(unfinished, compression=None)
        try:
            yield file
            file.close()
        except BaseException:
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                self.files.delete_file(unfinished)
            raise
        self.files.move(unfinished, final)

    def _upload(self, content: IO[bytes], final: str) -> None:
        with self.files.open_output_stream(final, compression=None) as file:
            while chunk := content.read(CHUNK_BYTES):
                file.write(chunk)
                if len(chunk) == CHUNK_BYTES:
                    file.flush()  # otherwise a slow connection would fill our memory

    def read(self, path: str) -> bytes:
        with self.open(path) as file:  # a stream would ask an object store for 256 KiB at a time
            return bytes(file.read())

    @contextmanager
    def open(self, path: str) -> Iterator[NativeFile]:
        """A file with random access, as Parquet needs it."""
        with self.errors(), self.files.open_input_file(self.full_path(path)) as file:
            yield file

    def exists(self, path: str) -> bool:
        with self.errors():
            return bool(self.files.get_file_info(self.full_path(path)).type == arrow_fs.FileType.File)

    def size(self, path: str) -> int:
        """The length of a file, in bytes."""
        with self.errors():
            return int(self.files.get_file_info(self.full_path(path)).size)

    def object_url(self, path: str) -> str:
        """What other readers of the object store call a file: `s3://bucket/key`."""
        return f"s3://{self.full_path(path)}"

    def list_files(self, path: str) -> list[StoredFile]:
        """All files below a folder, sorted, with size and time; including those a killed process left unfinished."""
        return self._files(self._infos(path, recursive=True))

    def list_many(self, path: str) -> list[StoredFile]:
        """As `list_files`, and quicker if there are thousands in a few folders.

        An object store answers with a thousand files at a time; what is in several folders can be asked for at once.
        """
        entries = [] if self.is_local else self._infos(path, recursive=False)
        folders = self._folders(entries)
        if not 1 < len(folders) <= FEW_FOLDERS:
            return self.list_files(path)
        below = chain.from_iterable(map_concurrently(self.list_files, folders))
        return sorted([*self._files(entries), *below], key=attrgetter("path"))

    def folders(self, path: str) -> list[str]:
        """The folders directly below a folder, sorted; none if there is no such folder."""
        return self._folders(self._infos(path, recursive=False))

    def _infos(self, path: str, *, recursive: bool) -> list[arrow_fs.FileInfo]:
        with self.errors():
            selector = arrow_fs.FileSelector(self.full_path(path), allow_not_found=True, recursive=recursive)
            found: list[arrow_fs.FileInfo] = self.files.get_file_info(selector)
            self._bucket_exists = self._bucket_exists or bool(found) or self._require_bucket()
            return found

    def _files(self, infos: Iterable[arrow_fs.FileInfo]) -> list[StoredFile]:
        found = (
            StoredFile(self._relative(info), info.size, info.mtime or datetime.now(UTC))
            for info in infos
            if info.is_file
        )
        return sorted(found, key=attrgetter("path"))

    def _folders(self, infos: Iterable[arrow_fs.FileInfo]) -> list[str]:
        return sorted(self._relative(info) for info in infos if not info.is_file)

    def _relative(self, info: arrow_fs.FileInfo) -> str:
        return str(info.path.removeprefix(self._root.rstrip("/") + "/"))

    def _require_bucket(self) -> bool:
        """True; listing a missing bucket would look like an empty one. Raises: ConfigError if there is no bucket."""
        bucket = self._root.split("/")[0]
        with suppress(OSError):  # a user who may see only part of the bucket cannot ask
            if not self.is_local and self.files.get_file_info(bucket).type == arrow_fs.FileType.NotFound:
                raise self._no_bucket(f"'{bucket}' does not exist")
        return True

    def _no_bucket(self, what: str) -> ConfigError:
        return ConfigError(
            f"The lake at {self.url} has no bucket: {what}.", hint="Create the bucket, or set ETL_LAKE__URL."
        )

    def list(self, path: str) -> list[str]:
        """Paths of all files below a folder, sorted; none if there is no such folder."""
        return [file.path for file in self.list_files(path) if not file.path.endswith(UNFINISHED)]

    def delete(self, path: str) -> None:
        with self.errors():
            self.files.delete_file(self.full_path(path))

    def delete_folder(self, path: str) -> None:
        """Delete a folder and everything below it, if it exists."""
        with self.errors(), suppress(FileNotFoundError):
            self.files.delete_dir(self.full_path(path))

    def delete_empty_folder(self, path: str) -> None:
        """Delete a folder if it is empty."""
        with self.errors():
            if self.is_local:
                with suppress(OSError):  # another process has put something into it, or has already deleted it
                    Path(self.full_path(path)).rmdir()
            elif not self.files.get_file_info(arrow_fs.FileSelector(self.full_path(path), allow_not_found=True)):
                self.files.delete_dir(self.full_path(path))

    def location(self, path: str) -> str:
        """A file's path or URL, as people and other engines write it."""
        return f"{'' if self.is_local else 's3://'}{self.full_path(path)}"

    def damaged(self, path: str) -> LakeUnavailableError:
        """What to raise for a file that is not what was written."""
        return LakeUnavailableError(
            f"{self.location(path)} is not what was written: it has been damaged or changed.",
            hint="Extract and transform again; the warehouse is unchanged.",
        )

    def _make_folder(self, path: str) -> None:
        try:
            self.files.create_dir(path, recursive=True)
        except FileNotFoundError as error:  # as on /proc
            raise PermissionError(errno.EACCES, f"cannot create a folder at {path}") from error

    def full_path(self, path: str) -> str:
        """A file's path within `files`, the pyarrow filesystem that holds the lake."""
        return f"{self._root.rstrip('/')}/{path}"

    @contextmanager
    def errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            what = (error.strerror or str(error).split("\n")[0]).split(" (Request ID")[0].rstrip(".")
            if "NO_SUCH_BUCKET" in what:
                raise self._no_bucket(what) from error
            if error.errno in FULL:
                raise LakeUnavailableError(
                    f"The lake at {self.url} is full: {what}.", hint="Free some space and run the same command again."
                ) from error
            if error.errno in FORBIDDEN or isinstance(error, PermissionError) or "ACCESS_DENIED" in what:
                raise AccessError(
                    f"The lake at {self.url} cannot be read or written: {what}.",
                    hint="Give this user access, or set ETL_LAKE__URL to another location.",
                ) from error
            raise LakeUnavailableError(
                f"The lake at {self.url} failed: {what}.", hint="Check ETL_LAKE__URL and run the same command again."
            ) from error


def map_concurrently(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Map concurrently, in threads; results come in input order."""
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        yield from threads.map(function, items)


def _quoted(url: str) -> str:
    """The URL with its path as a URI wants it: a prefix may have spaces and letters of any alphabet.

    Raises: ValueError for a path that would end early, or that pyarrow cannot list.
    """
    before, separator, options = url.partition("?")
    scheme, _, path = before.partition("://")
    if "#" in path:
        raise ValueError("write # as %23")
    if "//" in path.rstrip("/"):
        raise ValueError("a folder in it has no name")
    return f"{scheme}://{quote(NOT_A_CODE.sub('%25', path), safe=UNQUOTED)}{separator}{options}"


def _with_delayed_open(url: str) -> str:
    """An object store's URL with the option that makes writing a small file one request instead of three."""
    if not url.startswith("s3://") or "allow_delayed_open" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}allow_delayed_open=true"


def _without_secrets(url: str) -> str:
    """A URL that is safe to log: no user, no password, no options."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2].split("?")[0] if separator else url
