"""Behind a pooler: sessions of our own are as good as the server itself; shared ones are refused."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from etl.core.errors import ConfigError
from etl.postgres import waiting
from etl.postgres.connection import Warehouse
from tests.warehouse.states import rows

CONFIGURATION = """
[databases]
warehouse = host={host} dbname={database} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
"""


@pytest.fixture
def pooled(database: str, tmp_path: Path) -> Iterator[Callable[[str, int], str]]:
    """Starts a pooler of a mode and a size, and returns its connection string."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("needs pgbouncer on the PATH, which is not here")
    parts = urlsplit(database)
    host = Path(parse_qs(parts.query)["host"][0])
    if host.owner() != Path.home().owner() and not all(folder.stat().st_mode & 0o001 for folder in host.parents):
        pytest.skip("the server's user, as whom a pooler of root runs, may not enter its folder by itself")
    with ExitStack() as stack:

        def start(mode: str, size: int) -> str:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            about = {"host": host, "database": parts.path[1:], "port": port, "mode": mode, "size": size}
            file = tmp_path / "pgbouncer.ini"
            file.write_text(CONFIGURATION.format(**about))
            stack.callback(file.unlink)
            with file.open() as configuration:
                command = [program, "-q", "-u", host.owner(), "/dev/stdin"]
                process = stack.enter_context(subprocess.Popen(command, stdin=configuration, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
            return f"host=127.0.0.1 port={port} dbname=warehouse user=postgres"

        yield start


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_shares_sessions_is_refused_before_it_is_told_anything(
    pooled: Callable[[str, int], str], database: str, mode: str
) -> None:
    dsn = pooled(mode, 2)
    with pytest.raises(ConfigError, match="shares its sessions among clients") as caught:
        waiting.session(dsn, 10, settle_s=0, role="etl_loader")
    assert "pool_mode is session" in caught.value.hint
    mine = "select usename, application_name from pg_stat_activity where datname = current_database() and usename = "
    assert {user for user, _ in rows(database, mine + "'etl_loader'")} == set()


@pytest.mark.parametrize("size", [1, 5])
def test_a_pooler_that_gives_each_its_own_is_as_good_as_the_server(
    pooled: Callable[[str, int], str], size: int
) -> None:
    with waiting.session(pooled("session", size), 10, role="etl_loader") as session:
        assert session.execute("select current_user, current_setting('timezone') as timezone") == [
            {"current_user": "etl_loader", "timezone": "UTC"}
        ]
        assert isinstance(session, Warehouse)


def test_nothing_in_between_costs_no_second_connection(database: str) -> None:
    with suppress(ConfigError), Warehouse(database) as session:
        counted = "select count(*) as sessions from pg_stat_activity where datname = current_database()"
        assert session.execute(counted) == [{"sessions": 1}]
