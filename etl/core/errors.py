"""What can go wrong, and the exit code of each.

PlatformError
├── TransientError              waiting may help: exit code 75, Airflow retries
│   ├── SourceUnavailableError
│   │   ├── SourceChangedError
│   │   └── BudgetSpentError
│   ├── LakeUnavailableError
│   └── WarehouseUnavailableError
└── TerminalError               waiting does not help: Airflow fails at once
    ├── UsageError              64
    ├── AuditError              65
    ├── SourceWithdrawnError    69
    ├── SourceContractError     76
    ├── AccessError             77
    └── ConfigError             78

Any other exception is a bug: exit code 70.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from etl.core.secrets import message_without_secrets


class PlatformError(Exception):
    """One line that says what is wrong, and a hint: one line that says what to do next; in both, no secret."""

    exit_code: ClassVar[int] = os.EX_SOFTWARE

    def __init__(self, message: str, *, hint: str) -> None:
        self.message, self.hint = message_without_secrets(message), message_without_secrets(hint)
        super().__init__(self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with all its attributes, as it may come from another process."""
        return partial(type(self).__new__, type(self)), self.args, self.__dict__

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [f"{self.message} {self.hint}"]


class TransientError(PlatformError):
    """Waiting may help."""

    exit_code = os.EX_TEMPFAIL


class SourceUnavailableError(TransientError):
    """The API did not answer, answered 429 or 5xx, or broke off; `retry_after_s` is the delay that it asked for."""

    def __init__(self, message: str, *, hint: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class SourceChangedError(SourceUnavailableError):
    """The API's data changed during the extraction: the pages received are inconsistent."""


class LakeUnavailableError(TransientError):
    """The lake cannot be read or written: disk full, object store unreachable, a damaged file."""


class WarehouseUnavailableError(TransientError):
    """Postgres is unreachable, closed the connection, is out of disk, or a lock was not released in time."""


class TerminalError(PlatformError):
    """Waiting does not help."""


class UsageError(TerminalError):
    """The command line asks for something that does not exist or is impossible."""

    exit_code = os.EX_USAGE


class ConfigError(TerminalError):
    """A setting is missing or invalid, or the warehouse lacks its migrations."""

    exit_code = os.EX_CONFIG


class AccessError(TerminalError):
    """401 or 403 from an API, a wrong password, a missing privilege, a folder that cannot be written."""

    exit_code = os.EX_NOPERM


class SourceContractError(TerminalError):
    """The API's answer does not match its contract."""

    exit_code = os.EX_PROTOCOL


class BudgetSpentError(SourceUnavailableError):
    """The request budget is exhausted. The API was not called, so its availability is unknown."""


class SourceWithdrawnError(TerminalError):
    """The API, or the part of it that we use, is gone."""

    exit_code = os.EX_UNAVAILABLE


class AuditError(TerminalError):
    """Staged rows broke an audit; silver and gold are untouched.

    `offending_rows` is their number, `sample` the first few, `query` the audit's own SQL.
    """

    exit_code = os.EX_DATAERR

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        audit: str,
        offending_rows: int,
        sample: Sequence[Mapping[str, object]],
        query: str,
    ) -> None:
        super().__init__(message, hint=hint)
        self.audit = audit
        self.offending_rows = offending_rows
        self.sample = sample
        self.query = query
