"""Standard streams as machines have them: closed, full, or without the characters that we write."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from typing import Any, TextIO

from etl.core.errors import TransientError
from etl.core.secrets import message_without_secrets, without_secrets

PLAIN = {"–": "-", "—": "-", "…": "...", "·": "|", "→": "->", "×": "x", "✓": "+", "✗": "x", "─": "-", "°": " deg "}
OUT, ERR = 1, 2


def prepare() -> None:
    """Open what is closed, as the next file would take its number, and write what can be written."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error("plain", _plain)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is sys.__stdout__:  # else whoever calls us within Python has put another in its place
        sys.stdout = _stream(sys.stdout, Output(OUT))
    if sys.stderr is sys.__stderr__:
        sys.stderr = _stream(sys.stderr, Messages(ERR))


def finish() -> None:
    """Write what is left; where that fails, write it nowhere, so that the end is quiet."""
    try:
        sys.stdout.flush()
    except (NobodyReads, TransientError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), OUT)


class NobodyReads(Exception):  # noqa: N818 - no error: the reader has read enough
    """Who reads our output has closed it; not a BrokenPipeError, of which libraries make ends of their own."""


class Output(io.FileIO):
    """Results: a command that cannot write them has failed."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "w", closefd=False)

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError as error:
            raise NobodyReads from error
        except OSError as error:
            raise TransientError(
                f"The output cannot be written: {error.strerror}.",
                hint="Make room where it goes, or send it elsewhere; then run the same command again.",
            ) from error


class Messages(Output):
    """Progress, logs and errors: if nobody can read them, the work goes on."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except (NobodyReads, TransientError):
            return len(data)


class Text(io.TextIOWrapper):
    """Says no secret, whoever writes: our own words, a library's log, a traceback."""

    def write(self, text: str) -> int:
        is_message = isinstance(getattr(self.buffer, "raw", None), Messages)
        super().write(message_without_secrets(text) if is_message else without_secrets(text))
        return len(text)


def _stream(instead_of: TextIO | None, raw: io.FileIO) -> TextIO:
    """A text stream like that one, if it is open."""
    encoding = getattr(instead_of, "encoding", None) or "utf-8"
    lines = getattr(instead_of, "line_buffering", False) or isinstance(raw, Messages)
    return Text(io.BufferedWriter(raw), encoding, "plain", line_buffering=lines)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """A handler of `codecs`: the same in ASCII, as far as that goes."""
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101
    odd = error.object[error.start : error.end]
    return "".join(PLAIN.get(each) or _letters(each) or "?" for each in odd), error.end


def _letters(character: str) -> str:
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
