"""Files of the lake, in a directory or in an object store: whole or not there at all."""

from __future__ import annotations

import errno
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar

from pyarrow import NativeFile
from pyarrow import fs as arrow_fs

from etl.core.errors import AccessError, ConfigError, LakeUnavailableError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR}
UNFINISHED = ".unfinished"
AT_ONCE = 16  # requests to an object store, which answers each in some hundredths of a second
IN_MEMORY = 8 * 2**20  # bytes of a file on its way into an object store; what is more waits on this machine's disk
PIECE = 16 * 2**20  # bytes that are on their way at the same time

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class StoredFile:
    """A file as a listing tells of it."""

    path: str
    bytes: int
    written_at: datetime


class Lake:
    """A folder of files. `url` is a directory or `s3://bucket/prefix`, with pyarrow's options as its query."""

    def __init__(self, url: str) -> None:
        self.url = _without_secrets(url)
        with self._errors():
            try:
                uri = _quick(url) if "://" in url else Path(url).absolute().as_uri()
                self.files, self._root = arrow_fs.FileSystem.from_uri(uri)
            except (ValueError, NotImplementedError) as error:
                raise ConfigError(
                    f"ETL_LAKE__URL={self.url} is no place for a lake: {_without_secrets(str(error))}.",
                    hint="Set ETL_LAKE__URL to a directory or to s3://bucket/prefix.",
                ) from error
        if not self._root:
            raise ConfigError(f"ETL_LAKE__URL={self.url} names no bucket.", hint="Set it to s3://bucket/prefix.")
        self.is_local = isinstance(self.files, arrow_fs.LocalFileSystem)
        self._is_there = False

    def write(self, path: str, content: bytes) -> None:
        """Write a file; a reader sees the old one or the new one, never a part."""
        with self.create(path) as file:
            file.write(content)

    @contextmanager
    def create(self, path: str) -> Iterator[IO[bytes] | NativeFile]:
        """A stream into a file that appears under its name when the block ends well."""
        with self._errors():
            if self.is_local:
                with self._renamed_in_the_end(self.at(path)) as file:
                    yield file
                return
            with tempfile.SpooledTemporaryFile(IN_MEMORY) as waiting:  # an upload that has begun cannot be taken back
                yield waiting
                waiting.seek(0)
                with ThreadPoolExecutor(1) as uploading:  # out of reach of signals, which would end it half-way
                    uploading.submit(self._upload, waiting, self.at(path)).result()

    @contextmanager
    def _renamed_in_the_end(self, final: str) -> Iterator[NativeFile]:
        self._make_folder(str(PurePosixPath(final).parent))
        unfinished = f"{final}.{secrets.token_hex(4)}{UNFINISHED}"  # two may write the same file at once
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
            while piece := content.read(PIECE):
                file.write(piece)
                if len(piece) == PIECE:
                    file.flush()  # else a slow line would fill our memory

    def read(self, path: str) -> bytes:
        with self._errors(), self.files.open_input_stream(self.at(path), compression=None) as file:
            return bytes(file.read())

    @contextmanager
    def open(self, path: str) -> Iterator[NativeFile]:
        """A file to read from at any place, as Parquet needs it."""
        with self._errors(), self.files.open_input_file(self.at(path)) as file:
            yield file

    def exists(self, path: str) -> bool:
        with self._errors():
            return bool(self.files.get_file_info(self.at(path)).type == arrow_fs.FileType.File)

    def stored(self, path: str) -> list[StoredFile]:
        """All files below a folder, sorted, with what one listing tells; also those that a killed process left."""
        with self._errors():
            selector = arrow_fs.FileSelector(self.at(path), allow_not_found=True, recursive=True)
            root = self._root.rstrip("/") + "/"
            found = (
                StoredFile(info.path.removeprefix(root), info.size, info.mtime or datetime.now(UTC))
                for info in self.files.get_file_info(selector)
                if info.is_file
            )
            files = sorted(found, key=lambda file: file.path)
            self._is_there = self._is_there or bool(files) or self._has_bucket()
            return files

    def _has_bucket(self) -> bool:
        """True. Raises: ConfigError without a bucket, of which a listing would say only that nothing is in there."""
        bucket = self._root.split("/")[0]
        with suppress(OSError):  # who may see some of a bucket only is not told
            if not self.is_local and self.files.get_file_info(bucket).type == arrow_fs.FileType.NotFound:
                raise self._no_bucket(f"'{bucket}' does not exist")
        return True

    def _no_bucket(self, what: str) -> ConfigError:
        return ConfigError(
            f"The lake at {self.url} has no bucket: {what}.", hint="Make the bucket, or set ETL_LAKE__URL."
        )

    def list(self, path: str) -> list[str]:
        """Paths of all files below a folder, sorted; none if there is no such folder."""
        return [file.path for file in self.stored(path) if not file.path.endswith(UNFINISHED)]

    def delete(self, path: str) -> None:
        with self._errors():
            self.files.delete_file(self.at(path))

    def delete_folder(self, path: str) -> None:
        """Delete a folder and all below it, if it is there."""
        with self._errors(), suppress(FileNotFoundError):
            self.files.delete_dir(self.at(path))

    def delete_empty_folder(self, path: str) -> None:
        """Delete a folder that nothing is in any more."""
        with self._errors():
            if self.is_local:
                with suppress(OSError):  # someone has put something into it, or has deleted it as well
                    Path(self.at(path)).rmdir()
            elif not self.files.get_file_info(arrow_fs.FileSelector(self.at(path), allow_not_found=True)):
                self.files.delete_dir(self.at(path))

    def address(self, path: str) -> str:
        """Where a file is, as people and other engines name it."""
        return f"{'' if self.is_local else 's3://'}{self.at(path)}"

    def damaged(self, path: str) -> LakeUnavailableError:
        """What to raise for a file that is not what was written."""
        return LakeUnavailableError(
            f"{self.address(path)} is not what was written: it was damaged or changed.",
            hint="Extract and transform again; the warehouse is as it was.",
        )

    def _make_folder(self, path: str) -> None:
        try:
            self.files.create_dir(path, recursive=True)
        except FileNotFoundError as error:  # as /proc answers
            raise PermissionError(errno.EACCES, f"no folder can be made at {path}") from error

    def at(self, path: str) -> str:
        """A file's path in `files`, pyarrow's view of where the lake is."""
        return f"{self._root.rstrip('/')}/{path}"

    @contextmanager
    def _errors(self) -> Iterator[None]:
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
                    f"The lake at {self.url} cannot be written or read: {what}.",
                    hint="Give this user access, or set ETL_LAKE__URL to another place.",
                ) from error
            raise LakeUnavailableError(
                f"The lake at {self.url} failed: {what}.", hint="Check ETL_LAKE__URL and run the same command again."
            ) from error


def side_by_side(do: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
    """What comes of doing it to each thing, in their order, several at once."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield from threads.map(do, things)


def _quick(url: str) -> str:
    """The address of an object store with what makes a small file one request instead of three."""
    if not url.startswith("s3://") or "allow_delayed_open" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}allow_delayed_open=true"


def _without_secrets(url: str) -> str:
    """An address as it may stand in logs: no user, no password, no options."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2].split("?")[0] if separator else url
