"""Files of the lake, in a directory or in an object store: whole or not there at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from pyarrow import NativeFile
from pyarrow import fs as arrow_fs

from etl.errors import AccessError, ConfigError, LakeUnavailableError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR}
UNFINISHED = ".unfinished"


class Lake:
    """A folder of files. `url` is a directory or `s3://bucket/prefix`, with pyarrow's options as its query."""

    def __init__(self, url: str) -> None:
        self.url = _without_secrets(url)
        with self._errors():
            try:
                uri = url if "://" in url else Path(url).absolute().as_uri()
                self.files, self._root = arrow_fs.FileSystem.from_uri(uri)
            except (ValueError, NotImplementedError) as error:
                raise ConfigError(
                    f"ETL_LAKE__URL={self.url} is no place for a lake: {_without_secrets(str(error))}.",
                    hint="Set ETL_LAKE__URL to a directory or to s3://bucket/prefix.",
                ) from error
        if not self._root:
            raise ConfigError(f"ETL_LAKE__URL={self.url} names no bucket.", hint="Set it to s3://bucket/prefix.")
        self._is_local = isinstance(self.files, arrow_fs.LocalFileSystem)

    def write(self, path: str, content: bytes) -> None:
        """Write a file; a reader sees the old one or the new one, never a part."""
        if self._is_local:
            with self.create(path) as file:
                file.write(content)
            return
        with self._errors(), self.files.open_output_stream(self.at(path), compression=None) as file:
            file.write(content)  # an object appears once its upload is complete

    @contextmanager
    def create(self, path: str) -> Iterator[NativeFile]:
        """A stream into a file that appears under its name when the block ends well."""
        with self._errors():
            final = self.at(path)
            if self._is_local:
                self._make_folder(str(PurePosixPath(final).parent))
            file = self.files.open_output_stream(final + UNFINISHED, compression=None)
            try:
                yield file
                file.close()
            except BaseException:
                with suppress(OSError):
                    file.close()
                with suppress(OSError):
                    self.files.delete_file(final + UNFINISHED)
                raise
            self.files.move(final + UNFINISHED, final)

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

    def list(self, path: str) -> list[str]:
        """Paths of all files below a folder, sorted; none if there is no such folder."""
        with self._errors():
            selector = arrow_fs.FileSelector(self.at(path), allow_not_found=True, recursive=True)
            found = (info.path for info in self.files.get_file_info(selector) if info.is_file)
            root = self._root.rstrip("/") + "/"
            return sorted(name.removeprefix(root) for name in found if not name.endswith(UNFINISHED))

    def delete(self, path: str) -> None:
        with self._errors():
            self.files.delete_file(self.at(path))

    def address(self, path: str) -> str:
        """Where a file is, as people and other engines name it."""
        return f"{'' if self._is_local else 's3://'}{self.at(path)}"

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
                raise ConfigError(
                    f"The lake at {self.url} has no bucket: {what}.", hint="Make the bucket, or set ETL_LAKE__URL."
                ) from error
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


def _without_secrets(url: str) -> str:
    """An address as it may stand in logs: no user, no password, no options."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2].split("?")[0] if separator else url
