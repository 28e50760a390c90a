"""Who only reads may do nothing else, whoever that is to the server."""

import pytest

from etl.core.errors import PlatformError
from etl.runtime import from_environment
from tests.cli.conftest import libpq


def test_a_reader_elsewhere_is_whom_libpq_names_and_is_refused_writes(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in libpq(database).items():
        monkeypatch.setenv(name, value)
    with from_environment().reader() as warehouse:
        assert warehouse.execute("select current_user as name") == [{"name": "postgres"}]
        with pytest.raises(PlatformError, match="read-only"):
            warehouse.execute("delete from silver.spacex_launches")
