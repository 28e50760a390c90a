"""Files of the lake, in a directory or in an object store: whole or not there at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
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
        self.url = url
        with self._errors():
            try:
                uri = url if "://" in url else Path(url).absolute().as_uri()
                self._files, self._root = arrow_fs.FileSystem.from_uri(uri)
            except (ValueError, NotImplementedError) as error:
                raise ConfigError(
                    f"ETL_LAKE__URL={url} is no place for a lake: {error}.",
                    hint="Set ETL_LAKE__URL to a directory or to s3://bucket/prefix.",
                ) from error
        self._renames = isinstance(self._files, arrow_fs.LocalFileSystem)

    def write(self, path: str, content: bytes) -> None:
        """Write a file; a reader sees the old one or the new one, never a part."""
        with self.create(path) as file:
            file.write(content)

    @contextmanager
    def create(self, path: str) -> Iterator[NativeFile]:
        """A stream into a file that appears under its name when the block ends well."""
        with self._errors():
            final = self._at(path)
            target = final + UNFINISHED if self._renames else final  # an object store shows whole objects only
            self._files.create_dir(str(PurePosixPath(final).parent), recursive=True)
            file = self._files.open_output_stream(target)
            try:
                yield file
            except BaseException:
                if self._renames:
                    file.close()
                    self._files.delete_file(target)
                raise
            file.close()
            if self._renames:
                self._files.move(target, final)

    def read(self, path: str) -> bytes:
        with self._errors(), self._files.open_input_stream(self._at(path), compression=None) as file:
            return bytes(file.read())

    @contextmanager
    def open(self, path: str) -> Iterator[NativeFile]:
        """A file to read from at any place, as Parquet needs it."""
        with self._errors(), self._files.open_input_file(self._at(path)) as file:
            yield file

    def exists(self, path: str) -> bool:
        with self._errors():
            return bool(self._files.get_file_info(self._at(path)).type == arrow_fs.FileType.File)

    def list(self, path: str) -> list[str]:
        """Paths of all files below a folder, sorted; none if there is no such folder."""
        with self._errors():
            selector = arrow_fs.FileSelector(self._at(path), allow_not_found=True, recursive=True)
            found = (info.path for info in self._files.get_file_info(selector) if info.is_file)
            root = self._root.rstrip("/") + "/"
            return sorted(name.removeprefix(root) for name in found if not name.endswith(UNFINISHED))

    def delete(self, path: str) -> None:
        with self._errors():
            self._files.delete_file(self._at(path))

    def address(self, path: str) -> str:
        """Where a file is, as people and other engines name it."""
        return f"{'' if self._renames else 's3://'}{self._at(path)}"

    def _at(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            what = error.strerror or str(error).split("\n")[0]
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
