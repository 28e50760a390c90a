"""The embedded server on machines as they are: several users, killed processes."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import psycopg2
import pytest

from etl.core.errors import ConfigError
from etl.postgres import embedded, programs
from tests import postmaster
from tests.cli.conftest import libpq
from tests.conftest import ROOT

HOLD = """
import sys
from pathlib import Path
from etl.postgres import embedded
with embedded.server(Path(sys.argv[1])) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@contextmanager
def starting(data: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server until it is killed, or the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    ) as process:
        yield process
        process.communicate("")


@contextmanager
def held(data: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with starting(data, **environment) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("made") / "postgres"
    with embedded.server(data):
        pass
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """The folder of a server that has run and stopped."""
    subprocess.run(["cp", "-a", made, tmp_path / "postgres"], check=True)
    return tmp_path / "postgres"


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def is_running(data: Path) -> bool:
    return (data / "postmaster.pid").exists()


def test_the_server_stops_with_its_last_user_even_if_another_was_killed(data: Path) -> None:
    with held(data) as (process, dsn):
        process.send_signal(signal.SIGKILL)
        process.wait()
    psycopg2.connect(dsn).close()  # nobody stopped it
    with embedded.server(data) as mine:
        assert mine == dsn
    assert not is_running(data)


def test_a_server_in_use_by_another_process_goes_on(data: Path) -> None:
    with held(data) as (_, dsn):
        with embedded.server(data):
            pass
        psycopg2.connect(dsn).close()
    assert not is_running(data)


def test_a_block_within_another_leaves_the_server_to_it(data: Path) -> None:
    with embedded.server(data) as dsn:
        with embedded.server(data) as same:
            assert same == dsn
        psycopg2.connect(dsn).close()
    assert not is_running(data)


def test_two_first_starts_at_once_share_one_server(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    with ExitStack() as stack:
        both = [stack.enter_context(starting(data)) for _ in range(2)]
        first, second = (process.stdout.readline() for process in both if process.stdout)
        assert first == second
        assert first.startswith("postgresql://")
    assert not is_running(data)


def test_no_process_is_ended_because_a_file_holds_its_number(data: Path, bystander: subprocess.Popen[bytes]) -> None:
    """As after a reboot, or in a restarted container: process IDs are reused."""
    pretend(data, bystander.pid)
    embedded.stop(data)
    assert bystander.poll() is None
    with embedded.server(data) as dsn:
        psycopg2.connect(dsn).close()
    assert bystander.poll() is None
    assert not is_running(data)


def test_a_zombie_process_is_not_a_server(data: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        pretend(data, ended.pid)
        with embedded.server(data) as dsn:
            psycopg2.connect(dsn).close()


def test_a_broken_file_of_the_servers_number_is_no_obstacle(data: Path) -> None:
    for text in ("", "\n", "no number", "-1\n", "0\n", "99999999999999999999\n", "1\n", "\udcff"):
        (data / "postmaster.pid").write_text(text, errors="surrogateescape")
        embedded.stop(data)
    with embedded.server(data) as dsn:
        psycopg2.connect(dsn).close()


def test_a_postgres_of_another_folder_goes_on(made: Path, data: Path) -> None:
    with embedded.server(made) as dsn:
        (data / "postmaster.pid").write_text((made / "postmaster.pid").read_text())
        with embedded.server(data) as mine:
            assert mine != dsn
        embedded.stop(data)
        psycopg2.connect(dsn).close()


def test_make_clean_ends_and_ends_nobody_elses_process(
    data: Path, tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    (tmp_path / ".data").mkdir()
    data = data.rename(tmp_path / ".data" / "postgres")
    pretend(data, bystander.pid)
    clean(tmp_path)
    assert bystander.poll() is None
    assert not data.exists()


def test_make_clean_stops_the_server_that_runs_on_our_data(data: Path, tmp_path: Path) -> None:
    (tmp_path / ".data").mkdir()
    data = data.rename(tmp_path / ".data" / "postgres")
    with held(data) as (process, _):
        server = postmaster.of(data)
        process.kill()
        process.wait()
        clean(tmp_path)
        assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    assert not data.exists()


def test_a_server_that_was_killed_is_started_again_for_those_who_use_it(data: Path) -> None:
    with held(data):
        postmaster.of(data).kill()
        with embedded.server(data) as dsn:
            psycopg2.connect(dsn).close()
    assert not is_running(data)


def test_a_first_start_that_was_killed_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    half = tmp_path / ".postgres.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    with embedded.server(tmp_path / "postgres") as dsn:
        psycopg2.connect(dsn).close()
    assert not half.exists()


def test_a_folder_of_someone_else_is_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "theirs"
    data.mkdir()
    (data / "letter.txt").write_text("Dear all")
    with pytest.raises(ConfigError, match="not empty"), embedded.server(data):
        pass
    (data / "PG_VERSION").write_text("18")
    (data / "postgresql.conf").write_text("port = 5432")
    with pytest.raises(ConfigError, match="not ours"), embedded.server(data):
        pass
    assert sorted(file.name for file in data.iterdir()) == ["PG_VERSION", "letter.txt", "postgresql.conf"]


def test_a_folder_of_another_major_version_is_refused_with_the_way_to_the_same_rows(data: Path) -> None:
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ConfigError, match="made by PostgreSQL 17, and this is 18") as refused, embedded.server(data):
        pass
    assert "etl rebuild" in refused.value.hint


def test_waiting_does_not_help_where_a_file_is_gone(data: Path) -> None:
    (data / "global" / "pg_control").unlink()
    with pytest.raises(ConfigError, match=r"does not start: .*pg_control") as refused, embedded.server(data):
        pass
    assert "etl rebuild" in refused.value.hint


def test_a_server_that_was_killed_while_it_gave_up_a_table_recovers(data: Path) -> None:
    """As a run leaves it that is killed while its stage is rolled back: of the table's two files, one is left."""
    with held(data) as (_, dsn):
        with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("create table kept as select 1 as number")
            cursor.execute("create unlogged table given_up (number int)")
            cursor.execute("select pg_relation_filepath('given_up')")
            (file,) = cursor.fetchone()
        postmaster.kill(data)
        (data / f"{file}_init").unlink()
        with (
            embedded.server(data) as again,
            closing(psycopg2.connect(again)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("select number from kept")
            assert cursor.fetchall() == [(1,)]
    assert "File exists" in (data / "log").read_text()


SHORT_OF_DESCRIPTORS = """
import resource, sys
from pathlib import Path
from etl.postgres import embedded
from etl.core.errors import WarehouseUnavailableError
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
try:
    with embedded.server(Path(sys.argv[1])):
        print("it starts")
except WarehouseUnavailableError as error:
    print(error.message)
"""


def test_waiting_may_help_where_descriptors_are_short_now(data: Path) -> None:
    tried = subprocess.run(
        [sys.executable, "-c", SHORT_OF_DESCRIPTORS, str(data)], capture_output=True, text=True, check=True
    )
    assert "does not start: insufficient file descriptors" in tried.stdout
    with embedded.server(data) as dsn:
        psycopg2.connect(dsn).close()


ODD = ("a b", "it's", 'a"b', "50%", "a#b", "why?", "$HOME", "a`id`b", "Überraschung ✓", "a,b", "back\\slash", "x" * 120)


@pytest.mark.parametrize(
    "name", [*ODD[:1], ODD[8], *(pytest.param(name, marks=pytest.mark.thorough) for name in ODD[1:] if name != ODD[8])]
)
def test_a_folder_may_have_any_name(data: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    data = data.rename(tmp_path / name / "postgres")
    with embedded.server(data) as dsn:
        assert libpq(dsn)["PGHOST"] in dsn, "nothing in it needs quotes"
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute("show data_directory")
            assert cursor.fetchone() == (str(data),)
    assert not is_running(data)


@pytest.mark.thorough
def test_a_first_start_makes_do_with_a_folder_that_shells_misread(tmp_path: Path) -> None:
    home = tmp_path / 'a "$b" `c`'
    home.mkdir()
    package = Path(programs.path("initdb")).parents[2]
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, home / part.name, copy_function=os.link)
    with held(home / "postgres", PYTHONPATH=f"{home}:{ROOT}") as (_, dsn):
        psycopg2.connect(dsn).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whom Postgres refuses")
def test_as_root_no_folder_changes_its_mode_or_owner(data: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    data = data.rename(private / "postgres")
    above = list(data.parents)
    before = [access(folder) for folder in above]
    with embedded.server(data) as dsn:
        psycopg2.connect(dsn).close()
        assert data.stat().st_uid != 0
    assert [access(folder) for folder in above] == before


def test_the_folder_of_links_must_be_our_own(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owned it could lead us to a server of theirs."""
    data = data.rename(data.with_name("a b"))
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as short,  # a long one is not used at all
        monkeypatch.context() as patched,
    ):
        patched.setattr(tempfile, "gettempdir", lambda: short)
        (Path(short) / "elsewhere").mkdir()
        (Path(short) / f"etl-{os.geteuid()}").symlink_to("elsewhere")
        _assert_refused(data)


def _assert_refused(data: Path) -> None:
    with pytest.raises(ConfigError, match="belongs to another user"), embedded.server(data):
        pass


@pytest.mark.thorough
def test_no_variable_of_the_environment_reaches_the_server(tmp_path: Path) -> None:
    odd = {"PGPORT": "5433", "PGDATA": "/nowhere", "LC_ALL": "de_DE.ISO-8859-1", "LANG": "xx_YY", "TZ": "Asia/Tokyo"}
    asked = """
        select datlocale, pg_encoding_to_char(encoding), reset_val from pg_database, pg_settings
        where datname = 'warehouse' and name = 'TimeZone'"""
    with (
        held(tmp_path / "postgres", **odd) as (_, dsn),
        closing(psycopg2.connect(dsn)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(asked)
        assert cursor.fetchone() == ("C.UTF-8", "UTF8", "UTC")


def pretend(data: Path, number: int) -> None:
    """The file that a running server leaves, with the number of another process."""
    lines = [str(number), str(data), str(int(time.time())), "5432", ".", "", "  13403763    622615", "ready   "]
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (data / name).write_text("\n".join(lines) + "\n")


def clean(folder: Path) -> None:
    """`make clean` with an environment that is a link to ours, which is not followed."""
    (folder / ".venv").symlink_to(sys.prefix)
    subprocess.run([ROOT / ".ci" / "clean", ".venv"], cwd=folder, check=True, timeout=60)


def access(folder: Path) -> tuple[int, int, int]:
    status = folder.stat()
    return status.st_mode, status.st_uid, status.st_gid
