"""The request budget of an API, kept in the warehouse and shared by all runs and pods."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

from etl.core.errors import BudgetSpentError
from etl.core.source import Limit
from etl.postgres.connection import Warehouse
from etl.telemetry import metrics
from etl.telemetry.logs import log

LONGEST_S = 86_400  # older requests are forgotten
PATIENCE_S = 600  # a pod that would have to wait longer exits, and is started again
LONG_S = 5  # a wait worth a log line
MOMENT_S = 0.01
MINUTE_S = 60


class Budget:
    """Spends the limits of one API, counted as the API counts them: over a sliding window.

    A request is admitted while spending so far is below each limit; its own weight may exceed it. The second half of a
    limit with `is_spread` is spent evenly: the wait after a request is in proportion to its weight.

    Several threads may spend at the same time. The session is used for nothing else: each entry must be committed
    immediately, whatever happens to the transaction in which another thread publishes.
    """

    def __init__(
        self, warehouse: Warehouse, source: str, limits: Sequence[Limit], *, patience_s: float = PATIENCE_S
    ) -> None:
        if any(limit.seconds > LONGEST_S for limit in limits):
            raise ValueError(f"a limit counts no longer than {LONGEST_S} s; older requests are forgotten")
        self._warehouse = warehouse
        self._source = source
        self._limits = tuple(limits)
        self._patience_s = patience_s
        self._turn = threading.Lock()
        self._parameters = {
            "source": source,
            "calls": [limit.calls for limit in limits],
            "seconds": [limit.seconds for limit in limits],
            "is_spread": [limit.is_spread for limit in limits],
        }

    def spend(self, weight: float) -> None:
        """Wait until a request of that weight is admitted, and record it.

        Raises: BudgetSpentError, with nothing recorded, if that would take longer than `patience_s`.
        """
        waited, is_logged = 0.0, False
        while (refused := self._try(weight)) is not None:
            limit, wait_s = refused
            if waited + wait_s > self._patience_s:
                raise self._spent(limit, wait_s)
            if waited + wait_s >= LONG_S and not is_logged:
                is_logged = True
                log.info("waiting for the budget", source=self._source, limit=limit.name, seconds=round(wait_s, 1))
            wait_s = max(wait_s, MOMENT_S)
            sleep(wait_s)  # holding no lock: another may be admitted meanwhile, so we try again
            waited += wait_s

    def left(self) -> list[tuple[Limit, float]]:
        """What is left of each limit right now."""
        with self._turn:
            return self._left(self._rows(), 0)

    def _try(self, weight: float) -> tuple[Limit, float] | None:
        """Record the request, or return the limit that refuses it and for how many seconds."""
        if not self._limits:
            return None
        with self._turn, self._warehouse.transaction():
            self._warehouse.run("budget/take_turns", self._parameters)
            rows = self._rows()
            wait_s, limit = max(
                ((row["wait_s"], limit) for row, limit in zip(rows, self._limits, strict=True)),
                key=lambda each: each[0],
            )
            if wait_s == 0:
                self._warehouse.run("budget/spend", {"source": self._source, "weight": weight})
                self._warehouse.run("budget/forget", self._parameters)
        self._send_metric(self._left(rows, 0 if wait_s else weight))
        return (limit, wait_s) if wait_s else None

    def _rows(self) -> list[dict[str, Any]]:
        return self._warehouse.run("budget/limits", self._parameters)

    def _left(self, rows: list[dict[str, Any]], weight: float) -> list[tuple[Limit, float]]:
        spent = [row["spent"] + weight for row in rows]
        return [(limit, max(limit.calls - one, 0.0)) for limit, one in zip(self._limits, spent, strict=True)]

    def _send_metric(self, left: list[tuple[Limit, float]]) -> None:
        """Send the smallest share left; a limit per minute is ignored, as it recovers before anyone could look."""
        shares = [remaining / limit.calls for limit, remaining in left if limit.seconds > MINUTE_S]
        if shares:
            metrics.SOURCE_QUOTA.send(min(shares), source=self._source)

    def _spent(self, limit: Limit, wait_s: float) -> BudgetSpentError:
        at = datetime.now(UTC) + timedelta(seconds=wait_s)
        return BudgetSpentError(
            f"{self._source} may be asked again at {at:%Y-%m-%d %H:%M:%S} UTC: its limit is {limit.calls:,.15g} "
            f"per {limit.name}{', spent evenly' if limit.is_spread else ''}.",
            hint="Run the same command again then: what was received is kept.",
            retry_after_s=wait_s,
        )
