"""Every error has its place in the table of exit codes."""

import os
import pickle

import pytest

from etl.core import errors
from etl.core.errors import AuditError, PlatformError, SourceUnavailableError, TerminalError, TransientError

TABLE = {
    "TransientError": os.EX_TEMPFAIL,
    "BudgetSpentError": os.EX_TEMPFAIL,
    "SourceUnavailableError": os.EX_TEMPFAIL,
    "SourceChangedError": os.EX_TEMPFAIL,
    "LakeUnavailableError": os.EX_TEMPFAIL,
    "WarehouseUnavailableError": os.EX_TEMPFAIL,
    "UsageError": os.EX_USAGE,
    "AuditError": os.EX_DATAERR,
    "SourceWithdrawnError": os.EX_UNAVAILABLE,
    "SourceContractError": os.EX_PROTOCOL,
    "AccessError": os.EX_NOPERM,
    "ConfigError": os.EX_CONFIG,
}
ALL = {
    name: thing
    for name, thing in vars(errors).items()
    if isinstance(thing, type) and issubclass(thing, PlatformError) and thing not in (PlatformError, TerminalError)
}


def test_the_table_is_complete_and_true() -> None:
    assert {name: error.exit_code for name, error in ALL.items()} == TABLE


@pytest.mark.parametrize("name", TABLE)
def test_waiting_helps_exactly_where_the_exit_code_says_so(name: str) -> None:
    error = ALL[name]
    assert issubclass(error, TransientError) is (error.exit_code == os.EX_TEMPFAIL)
    assert issubclass(error, TransientError) is not issubclass(error, TerminalError)
    assert error.__doc__


def test_the_tree_at_the_top_of_the_module_names_every_class_once() -> None:
    words = [word for line in (errors.__doc__ or "").splitlines() for word in line.replace("─", " ").split()]
    assert sorted(word for word in words if word.endswith("Error")) == sorted(
        [*TABLE, "PlatformError", "TerminalError"]
    )


def test_any_other_error_of_ours_counts_as_a_bug() -> None:
    assert PlatformError("x", hint="y").exit_code == TerminalError("x", hint="y").exit_code == os.EX_SOFTWARE


def test_an_error_of_another_process_arrives_whole() -> None:
    audit = AuditError("No.", hint="Look.", audit="a", offending_rows=2, sample=[{"id": 1}], query="select 1")
    for error in (SourceUnavailableError("The API rests.", hint="Wait.", retry_after_s=5), audit):
        arrived = pickle.loads(pickle.dumps(error))
        assert (type(arrived), str(arrived), vars(arrived)) == (type(error), str(error), vars(error))


def test_an_error_keeps_what_it_knows() -> None:
    error = SourceUnavailableError("The API rests.", hint="Wait.", retry_after_s=5)
    assert (str(error), error.message, error.hint, error.retry_after_s) == (
        "The API rests.",
        "The API rests.",
        "Wait.",
        5,
    )
    audit = AuditError("No.", hint="Look.", audit="a", offending_rows=2, sample=[{"id": 1}], query="select 1")
    assert (audit.audit, audit.offending_rows, audit.sample, audit.query) == ("a", 2, [{"id": 1}], "select 1")
