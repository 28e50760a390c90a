"""Lineage as OpenLineage events: which data each step read and wrote, with schemas, counts and columns.

Nothing is sent until OpenLineage's own environment variables name a transport, such as OPENLINEAGE_URL. Events are sent
by a thread of its own: a lineage server that is slow or down costs a run nothing but the last seconds in `close`.
Format: https://openlineage.io/docs/spec/object-model
"""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any

from etl.core import events
from etl.core.errors import ConfigError
from etl.core.events import Data, Event
from etl.core.intervals import DataInterval
from etl.telemetry.logs import log

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import RunEvent

PRODUCER = "urn:data-platform-etl"
PREFIX = "OPENLINEAGE"
CLOSE_S = 3.0
WAITING = 1000  # events; beyond that they are dropped
_under_way: ContextVar[tuple[Job, ...]] = ContextVar("under_way", default=())


@dataclass(frozen=True)
class Message:
    """An event to send: the new state of a job, the event that led to it, and when."""

    job: Job
    state: str
    event: Event
    at: datetime


@dataclass(frozen=True)
class Job:
    """A run or a step under way: its job's name, the id of its OpenLineage run, and its parent."""

    name: str
    run: str
    namespace: str
    parent: Job | None = None
    facets: Mapping[str, Any] = field(default_factory=dict)


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether OpenLineage's variables name a transport."""
    if environ.get("OPENLINEAGE_DISABLED", "").lower() == "true":
        return False
    named = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
    return any(environ.get(name) for name in named) or any(name.startswith(f"{PREFIX}__TRANSPORT") for name in environ)


def from_environment(environ: Mapping[str, str]) -> Lineage | None:
    """A listener that sends lineage to the transport in the environment; None if there is none.

    Raises: ConfigError if this installation lacks openlineage-python, or that cannot use the variables.
    """
    if not is_wanted(environ):
        return None
    try:
        from openlineage.client import OpenLineageClient
    except ModuleNotFoundError as error:
        raise ConfigError(
            "OPENLINEAGE_* is set, but openlineage-python is not installed.",
            hint="Install data-platform-etl[lineage], or unset the variables.",
        ) from error
    try:
        client = OpenLineageClient()
    except Exception as error:  # whatever it makes of them; its words may hold half of a password
        raise ConfigError(
            f"OpenLineage cannot use its variables, OPENLINEAGE_* ({type(error).__name__}).",
            hint="Check OPENLINEAGE_URL or OPENLINEAGE__TRANSPORT; unset them to send no lineage.",
        ) from None
    return Lineage(client, environ)


class Lineage:
    """Listens to runs and sends lineage; `close` waits for the last events, but not for long."""

    def __init__(self, client: OpenLineageClient, environ: Mapping[str, str]) -> None:
        self._client = client
        self._namespace = environ.get("OPENLINEAGE_NAMESPACE") or "data-platform"
        self._outer = _parent(environ.get("OPENLINEAGE_PARENT_ID", ""))
        self._queue: queue.Queue[Message | None] = queue.Queue(WAITING)
        self._is_reported = False
        self._sender = threading.Thread(target=self._send_all, daemon=True, name="lineage")
        self._sender.start()

    def __call__(self, event: Event) -> None:
        match event:
            case events.RunStarted(source, run_id, interval):
                self._begin(event, source, _run_of(run_id), _nominal(interval))
            case events.StepStarted(source, step):
                self._begin(event, f"{source}.{step}", str(uuid.uuid4()), {})
            case events.StepEnded() | events.RunEnded():
                self._end(event, "COMPLETE")
            case events.StepFailed() | events.RunFailed():
                self._end(event, "FAIL")

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._put(None)
        self._sender.join(CLOSE_S)

    def _begin(self, event: Event, name: str, run: str, facets: Mapping[str, Any]) -> None:
        outer = _under_way.get()
        job = Job(name, run, self._namespace, outer[-1] if outer else self._outer, facets)
        _under_way.set((*outer, job))
        self._put(Message(job, "START", event, datetime.now(UTC)))

    def _end(self, event: Event, state: str) -> None:
        *outer, job = _under_way.get()
        _under_way.set(tuple(outer))
        self._put(Message(job, state, event, datetime.now(UTC)))

    def _put(self, message: Message | None) -> None:
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            self._report("too many events are waiting")

    def _send_all(self) -> None:
        while (message := self._queue.get()) is not None:
            try:
                self._client.emit(_event(message))
            except Exception as error:  # whatever the transport raises: lineage never fails a run
                self._report(f"{type(error).__name__}: {error}")

    def _report(self, reason: str) -> None:
        """Only once: a server that is unavailable usually stays so for the whole run."""
        if not self._is_reported:
            self._is_reported = True
            log.warning("lineage is not delivered", reason=reason)


def _event(message: Message) -> RunEvent:
    from openlineage.client import event_v2, facet_v2

    job, event, parent = message.job, message.event, message.job.parent
    facets: dict[str, Any] = dict(job.facets)
    if parent is not None:
        facets["parent"] = facet_v2.parent_run.ParentRunFacet(
            run=facet_v2.parent_run.Run(parent.run), job=facet_v2.parent_run.Job(parent.namespace, parent.name)
        )
    if isinstance(event, events.StepFailed | events.RunFailed):
        facets["errorMessage"] = facet_v2.error_message_run.ErrorMessageRunFacet(str(event.error), "PYTHON")
    kind = facet_v2.job_type_job.JobTypeJobFacet("BATCH", "DATA_PLATFORM", "STEP" if "." in job.name else "RUN")
    inputs = event.inputs if isinstance(event, events.StepEnded) else ()
    outputs = event.outputs if isinstance(event, events.StepEnded) else ()
    return event_v2.RunEvent(
        eventTime=message.at.isoformat(),
        producer=PRODUCER,
        eventType=event_v2.RunState[message.state],
        run=event_v2.Run(job.run, facets),
        job=event_v2.Job(job.namespace, job.name, {"jobType": kind}),
        inputs=[event_v2.InputDataset(data.namespace, data.name, facets=_schema(data)) for data in inputs],
        outputs=[
            event_v2.OutputDataset(
                data.namespace, data.name, outputFacets=_counts(data), facets=_schema(data) | _columns(data, outputs)
            )
            for data in outputs
        ],
    )


def _schema(data: Data) -> dict[str, Any]:
    from openlineage.client.facet_v2 import schema_dataset as facet

    if data.dataset is None:
        return {}
    fields = [facet.SchemaDatasetFacetFields(c.name, str(c.type), c.about) for c in data.dataset.columns]
    return {"schema": facet.SchemaDatasetFacet(fields=fields)}


def _counts(data: Data) -> dict[str, Any]:
    from openlineage.client.facet_v2 import output_statistics_output_dataset as facet

    if data.rows is None:
        return {}
    return {"outputStatistics": facet.OutputStatisticsOutputDatasetFacet(rowCount=data.rows)}


def _columns(data: Data, outputs: tuple[Data, ...]) -> dict[str, Any]:
    """Which columns each column is derived from, for data made by SQL from the step's other tables."""
    from openlineage.client.facet_v2 import column_lineage_dataset as facet

    if not data.made_by or data.dataset is None:
        return {}
    tables = tuple(
        (other.name, tuple((c.name, str(c.type)) for c in other.dataset.columns))
        for other in outputs
        if other.dataset is not None and not other.made_by
    )
    found = _sources(data.made_by, tuple(column.name for column in data.dataset.columns), tables)
    fields = {
        column: facet.Fields([facet.InputField(data.namespace, table, name) for table, name in made_of])
        for column, made_of in found.items()
        if made_of
    }
    return {"columnLineage": facet.ColumnLineageDatasetFacet(fields)}


@cache
def _sources(
    text: str, columns: tuple[str, ...], tables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
) -> dict[str, list[tuple[str, str]]]:
    """By column of a statement, the (table, column) pairs that it is derived from, according to SQLGlot."""
    from sqlglot import exp
    from sqlglot.lineage import lineage

    schema: dict[str, Any] = {}
    for name, fields in tables:
        folder, _, table = name.partition(".")
        schema.setdefault(folder, {})[table] = dict(fields)
    roots = lineage(None, text, schema, dialect="postgres")
    found = {}
    for column in columns:
        made_of = {
            (f"{node.source.db}.{node.source.name}", node.name.rpartition(".")[2])
            for node in roots[column].walk()
            if not node.downstream and isinstance(node.source, exp.Table)
        }
        found[column] = sorted(made_of)
    return found


def _run_of(run_id: str) -> str:
    """The same OpenLineage run for the same run of the ledger."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}/{run_id}"))


def _nominal(interval: DataInterval | None) -> dict[str, Any]:
    from openlineage.client.facet_v2 import nominal_time_run as facet

    if interval is None:
        return {}
    start, end = (datetime.combine(day, time(), UTC).isoformat() for day in (interval.start, interval.end))
    return {"nominalTime": facet.NominalTimeRunFacet(start, end)}


def _parent(text: str) -> Job | None:
    """Parse `namespace/job/run`, as Airflow passes it."""
    namespace, _, rest = text.partition("/")
    name, _, run = rest.rpartition("/")
    return Job(name, run, namespace) if run else None
