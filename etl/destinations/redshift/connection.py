"""A session with Redshift through AWS's own driver, which is installed only where it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from etl.core.errors import AccessError, ConfigError, PlatformError, WarehouseUnavailableError
from etl.settings import RedshiftSettings

AGAIN = "Nothing was half-published: run the same command again once it is back."
LOGIN = "Check ETL_REDSHIFT__USER and ETL_REDSHIFT__PASSWORD, or what IAM allows: docs/how-to/redshift.md."


class Redshift:
    """One session. Statements commit immediately, except within `transaction`.

    Raises: AccessError, ConfigError or WarehouseUnavailableError, by what the server or the network refuses.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._connection.autocommit = True  # transactions are begun and ended explicitly, here
        self._is_open = False
        self.execute("set timezone to 'UTC'")

    def execute(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Execute a statement and return its rows, if it has any."""
        with translated(), self._connection.cursor() as cursor:
            cursor.paramstyle = "pyformat"
            cursor.execute(query, parameters)
            if cursor.description is None:
                return []
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that leaves no trace unless `commit` is called in the block."""
        self.execute("begin")
        self._is_open = True
        try:
            yield
        finally:
            if self._is_open:
                self._is_open = False
                with suppress(PlatformError):  # the session is gone, and its transaction with it
                    self.execute("rollback")

    def commit(self) -> None:
        """End the transaction: from now on readers see all of it."""
        self.execute("commit")
        self._is_open = False


@contextmanager
def session(settings: RedshiftSettings) -> Iterator[Redshift]:
    """A session on the database that the settings name.

    Raises: ConfigError if they name none, or the driver is not installed.
    """
    if settings.host is None:
        raise ConfigError(
            "The host of Redshift is not set.",
            hint="Set ETL_REDSHIFT__HOST: docs/how-to/redshift.md lists what it needs.",
        )
    with translated():
        connection = _driver().connect(**_login(settings))
    try:
        yield Redshift(connection)
    finally:
        with suppress(Exception):  # whatever the driver raises when the connection is gone
            connection.close()


def namespace(settings: RedshiftSettings) -> str:
    """Where the database is, without secrets."""
    return f"redshift://{settings.host}:{settings.port}/{settings.database}"


def _driver() -> Any:
    try:
        import redshift_connector
    except ModuleNotFoundError as error:
        raise ConfigError(
            "This installation lacks redshift-connector, the driver for Redshift.",
            hint="Install it beside etl: `pip install redshift-connector`.",
        ) from error
    return redshift_connector


def _login(settings: RedshiftSettings) -> dict[str, Any]:
    login: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "database": settings.database,
        "ssl": True,
        "sslmode": "verify-full",
        "application_name": "etl",
        "timeout": None,  # a COPY may take its time; keepalives notice a firewall that drops the connection
        "tcp_keepalive_idle": 60,
        "tcp_keepalive_interval": 10,
        "tcp_keepalive_count": 6,
    }
    if settings.password is not None:
        return login | {"user": settings.user, "password": settings.password.get_secret_value()}
    cluster = str(settings.host).partition(".")[0]  # the driver recognises a workgroup by its host
    return login | {"iam": True, "db_user": settings.user, "cluster_identifier": cluster}


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours, once, here; a PlatformError from inside passes."""
    try:
        yield
    except PlatformError:
        raise
    except Exception as error:
        raise _translate(error) from error


def _translate(error: Exception) -> Exception:
    """By the server's SQLSTATE; without one, it did not answer. Any other error is a bug of ours."""
    answer = error.args[0] if error.args and isinstance(error.args[0], dict) else None
    if answer is None:
        return _unanswered(error)
    state, said = answer.get("C", ""), str(answer.get("M", "")).split("\n")[0]
    if state.startswith("28"):
        return AccessError(f"Redshift refuses the login: {said}.", hint=LOGIN)
    if state == "42501":
        return AccessError(f"Redshift refuses: {said}.", hint="Let ETL_REDSHIFT__USER create schemas, or own them.")
    if state == "3D000":
        return ConfigError(f"There is no such database: {said}.", hint="Check ETL_REDSHIFT__DATABASE, or create it.")
    if state == "57014":
        return WarehouseUnavailableError(
            f"Redshift cancelled the statement: {said}.",
            hint="If another run is publishing there (`etl status`), run the same command again later.",
        )
    if state[:2] in ("08", "40", "53", "57", "58"):
        return WarehouseUnavailableError(f"Redshift gave up: {said}.", hint=AGAIN)
    if state[:2] == "XX":  # which is also what a failed COPY reports
        return ConfigError(
            f"Redshift failed: {said}.",
            hint="If it could not read the lake, check ETL_REDSHIFT__IAM_ROLE; sys_load_error_detail says more.",
        )
    return error


def _unanswered(error: Exception) -> Exception:
    from botocore.exceptions import BotoCoreError, ClientError
    from redshift_connector.error import InterfaceError, OperationalError

    said = " ".join(str(each) for each in error.args) or type(error).__name__
    if isinstance(error, BotoCoreError | ClientError):
        return AccessError(f"IAM issues no password for Redshift: {said}.", hint=LOGIN)
    if isinstance(error, InterfaceError | OperationalError | OSError):
        return WarehouseUnavailableError(f"Redshift cannot be reached, or closed the connection: {said}.", hint=AGAIN)
    return error
