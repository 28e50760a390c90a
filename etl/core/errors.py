"""What can go wrong, and what to do about it.

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


class PlatformError(Exception):
    """One line that says what is wrong, and a hint: one line that says what to do next."""

    exit_code: ClassVar[int] = os.EX_SOFTWARE

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """On its way from another process: what every error is made of, and what it knows besides."""
        return partial(type(self).__new__, type(self)), self.args, self.__dict__


class TransientError(PlatformError):
    """Waiting may help."""

    exit_code = os.EX_TEMPFAIL


class SourceUnavailableError(TransientError):
    """The API did not answer, answered 429 or 5xx, or broke off; `retry_after_s` is its own wish."""

    def __init__(self, message: str, *, hint: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class SourceChangedError(SourceUnavailableError):
    """What the API holds changed while it was read: the pages received do not fit together."""


class LakeUnavailableError(TransientError):
    """The lake could not be read or written just now: disk full, object store not reachable."""


class WarehouseUnavailableError(TransientError):
    """Postgres is not reachable, dropped the connection, is out of disk, or a lock was not to be had."""


class TerminalError(PlatformError):
    """Waiting does not help."""


class UsageError(TerminalError):
    """The command line asks for something that does not exist or makes no sense."""

    exit_code = os.EX_USAGE


class ConfigError(TerminalError):
    """A setting is missing or wrong, or the warehouse lacks its migrations."""

    exit_code = os.EX_CONFIG


class AccessError(TerminalError):
    """401 or 403 from an API, a wrong password, a missing privilege, an unwritable folder."""

    exit_code = os.EX_NOPERM


class SourceContractError(TerminalError):
    """The API answers in another shape than its contract says."""

    exit_code = os.EX_PROTOCOL


class BudgetSpentError(SourceUnavailableError):
    """We have asked the API as much as it allows, and do not ask it now; whether it answers nobody knows."""


class SourceWithdrawnError(TerminalError):
    """The API, or the part of it that we ask for, is gone."""

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
