"""Builds the working parts from the settings: source, client, lake, pipeline, warehouse."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from etl import destinations, sources
from etl.core.api import Api, RetryPolicy
from etl.core.auth import NO_AUTH, Auth, HeaderKey
from etl.core.errors import ConfigError, PlatformError, SourceUnavailableError, UsageError
from etl.core.events import Listener, broadcast
from etl.core.intervals import DataInterval, today
from etl.core.source import Source
from etl.destinations.base import Destination
from etl.destinations.lake import access, following
from etl.engines.base import Engine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Listing, Pipeline
from etl.pipeline.reconciliation import reconcile
from etl.postgres import waiting
from etl.postgres.connection import Warehouse
from etl.settings import Settings, load
from etl.state import ledger, migrations
from etl.state.budget import Budget
from etl.telemetry import lineage, logs, statsd

if TYPE_CHECKING:
    from etl.destinations.lake.publication import LakeDestination
    from etl.destinations.postgres.publication import PostgresDestination
    from etl.destinations.redshift.publication import RedshiftDestination
    from etl.lake.glue import Followed, Glue
    from etl.lake.tables import Tables
    from etl.sources.http.client import HttpClient
    from etl.sources.simulators import Simulator

LOOPBACK = ("localhost", "127.0.0.1", "::1")
LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE")
ANSWER_WITHIN_S = 3.0
CHECK_KEY = "Compare ETL_ENRICHMENT__KEY with the keys whose hashes the page at ETL_ENRICHMENT__PAGE_URL knows."
SIMULATED = "the built-in simulator"
OBSERVED = broadcast(statsd.listen, logs.listen)  # whoever emits it; what a line says has been counted by then


def _local(settings: Settings) -> AbstractContextManager[Engine]:
    from etl.engines import local

    return local.engine(settings)


def _spark(settings: Settings) -> AbstractContextManager[Engine]:
    from etl.engines import spark  # starts a JVM; not in every image

    return spark.engine(settings)


ENGINES: Mapping[str, Callable[[Settings], AbstractContextManager[Engine]]] = {"local": _local, "spark": _spark}


@dataclass(frozen=True)
class Runtime:
    """What the settings describe; `is_elsewhere` if libpq's variables name a warehouse."""

    settings: Settings
    is_elsewhere: bool

    def source(self, name: str) -> Source:
        """The source, as configured."""
        return sources.load(name, self.settings.of_source(name))

    def interval(self, source: Source, start: date | None, end: date | None, destination: str) -> DataInterval | None:
        """The days of a run; if not given, for a source read by days, they follow from what is published there.

        If there are several destinations, they are all days that one of them lacks, and those between.
        What is published there, the ledger may have to learn from the destination first.

        Raises: UsageError for an end without a start, if the source serves its whole state.
        """
        if start is not None:
            return DataInterval(start, end or today())
        if not source.serves_everything:
            with self.warehouse() as warehouse, self.engine("local") as engine:
                missing = []
                for name in destinations.named(destination):
                    into = self.destination(name, warehouse, engine)
                    reconcile(warehouse, source, into, self.lake(), OBSERVED)
                    missing.append(ledger.next_interval(warehouse, source, name, end or today()))
            days = [each for each in missing if each is not None]
            return DataInterval(min(d.start for d in days), max(d.end for d in days)) if days else None
        if end is not None:
            raise UsageError("--to was given without --from.", hint="Give both, or neither for everything.")
        return None

    @contextmanager
    def client(self, source: Source, attempts: int | None = None) -> Iterator[HttpClient]:
        """A client of the source's API, with the attempts of the settings or fewer.

        Its requests are spent from the API's budget; a simulator in this process has none, and needs no key.
        Raises: ConfigError if the API needs a key that is not set.
        """
        from etl.sources.http.client import HttpClient  # late, here and below: it loads slowly

        api, policy = source.api, self._policy(attempts)
        auth = NO_AUTH if source.origin == SIMULATED else _let_in(api)
        with (
            self._budget(source) as budget,
            HttpClient(
                source.name,
                api.base_url,
                policy,
                auth=auth,
                budget=budget,
                max_concurrency=api.max_concurrency,
                emit=OBSERVED,
            ) as client,
        ):
            yield client

    def _policy(self, attempts: int | None = None) -> RetryPolicy:
        http = self.settings.http
        return RetryPolicy(
            http.connect_timeout_s, http.read_timeout_s, attempts or http.attempts, http.retry_s, http.wait_s
        )

    @contextmanager
    def _budget(self, source: Source) -> Iterator[Budget | None]:
        """In a session of its own: what is spent stays spent, whatever becomes of the run."""
        api = source.api
        if not api.limits or source.origin == SIMULATED:
            yield None
            return
        with self.warehouse() as warehouse:
            yield Budget(warehouse, api.name, api.limits, source=source.name, emit=OBSERVED)

    @contextmanager
    def engine(self, name: str) -> Iterator[Engine]:
        """The engine of that name, ready to work."""
        with ENGINES[name](self.settings) as engine:
            yield engine

    def lake(self) -> Lake:
        return Lake(self.settings.lake.url)

    @contextmanager
    def tables(self) -> Iterator[Tables]:
        """The lake's tables, all as they are at one moment."""
        with self.warehouse() as warehouse, warehouse.transaction():
            warehouse.run("session/one_moment")
            yield self.tables_of(warehouse)

    def tables_of(self, warehouse: Warehouse) -> Tables:
        """The lake's tables, in whatever transaction the warehouse is."""
        return access.tables(warehouse, self.lake())

    def glue(self) -> Glue | None:
        """Glue, if its tables follow those of the catalogue. Raises: ConfigError if they cannot."""
        if self.settings.lake.catalog != "glue":
            return None
        lake = self.lake()
        if lake.is_local:
            raise ConfigError(
                f"ETL_LAKE__CATALOG is glue, and the lake is at {lake.url}, where Glue leads nobody.",
                hint="Set ETL_LAKE__URL to s3://bucket/prefix, or ETL_LAKE__CATALOG to postgres.",
            )
        try:
            from etl.lake.glue import Glue
        except ModuleNotFoundError as error:
            raise ConfigError(
                "ETL_LAKE__CATALOG is glue, and this installation lacks boto3, which asks it.",
                hint="Install it beside etl: `pip install boto3`.",
            ) from error
        return Glue(self.settings.lake.glue_prefix, lake.region)

    def follow(self, warehouse: Warehouse, source: Source) -> list[Followed]:
        """Have Glue show what is published of a source, if it follows."""
        glue = self.glue()
        return [] if glue is None else following.follow(warehouse, self.lake(), glue, source, OBSERVED)

    @contextmanager
    def locked_tables(self, warehouse: Warehouse, source: Source) -> Iterator[Tables]:
        """The lake's tables, in a transaction in which nobody else changes those of the source."""
        with access.locked(warehouse, source, OBSERVED):
            yield self.tables_of(warehouse)

    def pipeline(self, source: Source, engine: Engine, *listeners: Listener) -> Pipeline:
        """The pipeline of a source; log lines, metrics and lineage listen to it, and whoever is given."""
        emit = broadcast(OBSERVED, *_lineage(), *listeners)
        max_share = self.settings.quarantine.max_share
        return Pipeline(source, self.lake(), max_share, engine, emit, published=self._published)

    @contextmanager
    def _published(self) -> Iterator[Listing]:
        """In a session of its own, as extractions may run beside what publishes."""
        with self.warehouse() as warehouse:
            yield warehouse.run

    @contextmanager
    def page(self) -> Iterator[HttpClient]:
        """The page of mosaics, which takes pictures from those who have the key of the service that describes them."""
        from etl.sources.http.client import HttpClient

        enrichment = self.settings.enrichment
        if enrichment.page_url is None:
            raise ConfigError("No page of mosaics is set.", hint="Set ETL_ENRICHMENT__PAGE_URL.")
        auth = NO_AUTH if enrichment.key is None else HeaderKey("X-API-Key", enrichment.key, hint=CHECK_KEY)
        with HttpClient("mosaic", enrichment.page_url, self._policy(), auth=auth) as client:
            yield client

    def destination(self, name: str, warehouse: Warehouse, engine: Engine) -> Destination:
        """The destination of that name, one of `etl.destinations.NAMES`."""
        return DESTINATIONS[name](self, warehouse, engine)

    @contextmanager
    def server(self) -> Iterator[str]:
        """A connection string: empty for the warehouse that libpq's variables name, else the embedded one, migrated."""
        if self.is_elsewhere:
            yield ""
            return
        from etl.postgres import embedded  # not in the image, like the simulator

        with embedded.server(self.settings.warehouse.embedded) as dsn:
            with Warehouse(dsn) as owner:
                migrations.migrate(owner)
            yield dsn

    @contextmanager
    def warehouse(self) -> Iterator[Warehouse]:
        """A session of the loader; raises ConfigError if migrations are missing."""
        with self.server() as dsn:
            role = None if self.is_elsewhere else "etl_loader"
            with waiting.loader(dsn, role=role, lock_timeout_s=self.settings.warehouse.lock_timeout_s) as warehouse:
                if self.is_elsewhere:
                    migrations.require_current(warehouse)
                yield warehouse

    @contextmanager
    def reader(self) -> Iterator[Warehouse]:
        """A session that only reads what is published: as analyst, or as whom libpq's variables name."""
        with self.server() as dsn, waiting.loader(dsn, role=None if self.is_elsewhere else "analyst") as warehouse:
            warehouse.raw.set_session(readonly=True)
            yield warehouse

    @contextmanager
    def live_or_simulated(self, name: str, warehouse: Warehouse) -> Iterator[Source]:
        """The source if it answers within 3 s, else its simulator on the bundled snapshot.

        Raises: SourceUnavailableError if real data are published: simulated facts never replace them.
        """
        source = self.source(name)
        try:
            _probe_in_time(source)
        except PlatformError as error:
            _refuse_to_mix(warehouse, source, error)
            from etl.simulate import server

            with server.serve(simulator(name).make_app()) as running:
                simulated = self.settings.of_source(name).model_copy(update={"base_url": running.url})
                yield sources.load(name, simulated, SIMULATED)
        else:
            yield source


def from_environment() -> Runtime:
    """What the environment describes. Raises: ConfigError if a setting is wrong."""
    settings = load()
    is_elsewhere = any(os.environ.get(name) for name in LIBPQ)
    _undisturbed(is_elsewhere)
    return Runtime(settings, is_elsewhere)


def _undisturbed(is_elsewhere: bool) -> None:
    """This machine is asked without a proxy, by every library; libpq's variables are not about the embedded server."""
    if any(name.lower().endswith("_proxy") for name in os.environ):
        direct = ",".join(filter(None, [os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), *LOOPBACK]))
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = direct
    if not is_elsewhere:
        for name in [name for name in os.environ if name.startswith("PG")]:
            del os.environ[name]


@cache
def _lineage() -> tuple[Listener, ...]:
    """The sender of lineage, if OpenLineage's variables name a transport; it sends the last events at exit."""
    listener = lineage.from_environment(os.environ)
    if listener is None:
        return ()
    atexit.register(listener.close)
    return (listener,)


# Each is imported when it is wanted: a command that only lists should not wait for DuckDB and SQLGlot.
def _warehouse(_runtime: Runtime, warehouse: Warehouse, _engine: Engine) -> PostgresDestination:
    from etl.destinations.postgres.publication import PostgresDestination

    return PostgresDestination(warehouse)


def _lake(runtime: Runtime, warehouse: Warehouse, engine: Engine) -> LakeDestination:
    from etl.destinations.lake.publication import LakeDestination

    return LakeDestination(warehouse, runtime.lake(), engine, runtime.glue())


def _redshift(runtime: Runtime, _warehouse: Warehouse, _engine: Engine) -> RedshiftDestination:
    from etl.destinations.redshift.publication import RedshiftDestination

    return RedshiftDestination(runtime.settings.redshift, runtime.lake(), runtime.settings.warehouse.lock_timeout_s)


DESTINATIONS: Mapping[str, Callable[[Runtime, Warehouse, Engine], Destination]] = {
    "warehouse": _warehouse,
    "lake": _lake,
    "redshift": _redshift,
}


def simulator(name: str) -> Simulator:
    """The simulator of a source's API."""
    from etl.sources import simulators  # not in the image

    return simulators.REGISTRY[name]


def _let_in(api: Api) -> Auth:
    """How the API lets us in. Raises: ConfigError if it cannot."""
    if error := api.auth.missing():
        raise error
    return api.auth


def _probe_in_time(source: Source) -> None:
    """Raises: a PlatformError; also when the name cannot be looked up in time, which nothing else bounds."""
    from etl.sources.http.client import HttpClient

    api = source.api
    outcome: list[PlatformError | None] = []

    def ask() -> None:
        try:
            policy = RetryPolicy(ANSWER_WITHIN_S, ANSWER_WITHIN_S, attempts=1)
            with HttpClient(source.name, api.base_url, policy, auth=_let_in(api), emit=OBSERVED) as client:
                api.probe(client)
            outcome.append(None)
        except PlatformError as error:
            outcome.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ANSWER_WITHIN_S)
    if not outcome:
        raise SourceUnavailableError(f"{api.base_url} does not answer within {ANSWER_WITHIN_S:.0f} s.", hint="Wait.")
    if outcome[0] is not None:
        raise outcome[0]


def _refuse_to_mix(warehouse: Warehouse, source: Source, error: PlatformError) -> None:
    origins = {row["origin"] for row in warehouse.run("ledger/origins", {"source": source.name})}
    if origins - {SIMULATED}:
        raise SourceUnavailableError(
            f"{error.message} Its real data are published, and the simulator must not replace them.",
            hint="`etl ask` answers from what is published; run again when the API is back.",
        ) from error
