"""A client that is not let in learns whether waiting helps: by SQLSTATE and phase, in any language of the server's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.core.errors import AccessError, ConfigError, PlatformError, WarehouseUnavailableError
from etl.postgres.connection import Warehouse
from tests.warehouse.pretender import (
    Answer,
    asks_for_a_password,
    certificate,
    hangs_up,
    listening,
    refuses,
    speaks_http,
)

# SQLSTATE, what a German server says, the routine of its source, and what that means here
REFUSED: list[tuple[str, str, str, type[PlatformError]]] = [
    ("28P01", "Passwort-Authentifizierung für Benutzer »etl« fehlgeschlagen", "auth_failed", AccessError),
    ("28000", "kein pg_hba.conf-Eintrag für Host »10.0.0.1«", "ClientAuthentication", AccessError),
    ("28000", "Rolle »etl« existiert nicht", "InitializeSessionUserId", ConfigError),
    ("3D000", "Datenbank »warehouse« existiert nicht", "InitPostgres", ConfigError),
    ("42501", "keine Berechtigung für Datenbank »warehouse«", "CheckMyDatabase", AccessError),
    ("22023", "ungültiger Wert für Parameter »TimeZone«: »nirgends«", "set_config_option", ConfigError),
    ("53300", "tut mir leid, schon zu viele Verbindungen", "InitProcess", WarehouseUnavailableError),
    ("57P01", "Verbindung wird abgebrochen", "ProcessInterrupts", WarehouseUnavailableError),
    ("57P02", "Verbindung wird abgebrochen", "quickdie", WarehouseUnavailableError),
    ("57P03", "das Datenbanksystem startet", "ProcessStartupPacket", WarehouseUnavailableError),
    ("55000", "Datenbank »warehouse« akzeptiert gegenwärtig keine Verbindungen", "x", WarehouseUnavailableError),
    ("08P01", "der Pooler erreicht den Server nicht", "x", WarehouseUnavailableError),
    ("58030", "Eingabe-/Ausgabefehler", "x", WarehouseUnavailableError),
]


def connect(port: int, host: str = "127.0.0.1", **options: str) -> None:
    told = " ".join(f"{name}='{value}'" for name, value in options.items())
    Warehouse(f"host={host} port={port} user=etl dbname=warehouse {told}")


@pytest.mark.parametrize(("sqlstate", "message", "routine", "error"), REFUSED)
def test_a_server_of_any_language_is_understood(
    sqlstate: str, message: str, routine: str, error: type[PlatformError]
) -> None:
    with listening(refuses(sqlstate, message, routine)) as port, pytest.raises(error, match=message):
        connect(port, sslmode="disable")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("unknown"), "localhost")


DENIED = refuses("28P01", "falsches Passwort")


@pytest.fixture
def with_tls(ours: Path) -> Iterator[int]:
    with listening(DENIED, certificate=ours) as port:
        yield port


def test_through_tls_the_server_is_understood_as_well(with_tls: int, ours: Path) -> None:
    with pytest.raises(AccessError, match="falsches Passwort"):
        connect(with_tls, "localhost", sslmode="verify-full", sslrootcert=str(ours))


def test_waiting_never_helps_against_an_unknown_authority(with_tls: int, unknown: Path) -> None:
    with pytest.raises(ConfigError, match="do not agree") as caught:
        connect(with_tls, "localhost", sslmode="verify-ca", sslrootcert=str(unknown))
    assert "PGSSLROOTCERT" in caught.value.hint


def test_waiting_never_helps_against_a_certificate_of_another_host(with_tls: int, ours: Path) -> None:
    with pytest.raises(ConfigError, match=r"server certificate for .* does not match host name"):
        connect(with_tls, "127.0.0.1", sslmode="verify-full", sslrootcert=str(ours))


def test_waiting_never_helps_without_the_root_certificate(with_tls: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'root certificate file ".*" does not exist'):
        connect(with_tls, "localhost", sslmode="verify-full", sslrootcert=str(tmp_path / "missing.pem"))


def test_waiting_never_helps_where_one_wants_tls_and_the_other_has_none() -> None:
    with listening(DENIED) as port, pytest.raises(ConfigError, match="does not support SSL"):
        connect(port, sslmode="require")


def test_waiting_never_helps_with_a_server_that_is_not_postgres(ours: Path) -> None:
    with listening(speaks_http) as port, pytest.raises(ConfigError, match="do not agree"):
        connect(port, sslmode="disable")
    with listening(speaks_http, to_tls=b"HTTP/1.1") as port, pytest.raises(ConfigError, match="do not agree"):
        connect(port, sslmode="require")


def test_a_missing_password_is_a_matter_of_access() -> None:
    with listening(asks_for_a_password) as port, pytest.raises(AccessError, match="no password supplied"):
        connect(port, sslmode="disable")


@pytest.mark.parametrize("sslmode", ["disable", "prefer", "require"])
def test_waiting_helps_when_the_server_hangs_up(sslmode: str, ours: Path) -> None:
    with listening(hangs_up, certificate=ours) as port, pytest.raises(WarehouseUnavailableError):
        connect(port, sslmode=sslmode)


def test_waiting_helps_when_the_server_hangs_up_before_it_could_settle_on_tls() -> None:
    with listening(hangs_up, to_tls=b"") as port, pytest.raises(WarehouseUnavailableError):
        connect(port, sslmode="require")


def test_waiting_helps_when_a_server_cannot_even_start_a_process_for_us() -> None:
    no_fork = b"Ecould not fork new process for connection: Resource temporarily unavailable\n\0"
    with listening(hangs_up, to_tls=no_fork) as port, pytest.raises(WarehouseUnavailableError):
        connect(port, sslmode="require")


def test_waiting_helps_where_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(WarehouseUnavailableError):
        connect(port)
    with pytest.raises(WarehouseUnavailableError):
        connect(port, str(tmp_path))


def test_one_server_of_several_that_may_come_back_is_worth_waiting_for() -> None:
    with listening(DENIED) as port, socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
        taken.close()
        with pytest.raises(WarehouseUnavailableError):
            Warehouse(f"host=127.0.0.1,127.0.0.1 port={closed},{port} user=etl dbname=warehouse sslmode=disable")
    with listening(DENIED) as port, listening(DENIED) as another, pytest.raises(AccessError):
        Warehouse(f"host=127.0.0.1,127.0.0.1 port={port},{another} user=etl dbname=warehouse sslmode=disable")


ODD: list[Answer] = [refuses("28P01", "zwei\nZeilen"), refuses("28P01", "connection to server at »x« failed: FATAL:  ")]


@pytest.mark.parametrize("answer", ODD)
def test_whatever_a_message_says_only_its_sqlstate_counts(answer: Answer) -> None:
    with listening(answer) as port, pytest.raises(AccessError):
        connect(port, sslmode="disable")
