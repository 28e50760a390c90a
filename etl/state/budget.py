"""How often an API may be asked, kept in the warehouse: all runs and pods share one budget."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

from etl.core.api import Limit
from etl.core.errors import BudgetSpentError
from etl.core.events import BudgetWaited, Listener, QuotaSeen, ignore
from etl.postgres.connection import Warehouse

LONGEST_S = 86_400  # older requests are forgotten
PATIENCE_S = 600  # a pod that would have to wait longer ends, and is started again later
LONG_S = 5  # a wait worth an event
MOMENT_S = 0.01
MINUTE_S = 60


class Budget:
    """Spends the limits of one API, counting as the API does: over a sliding window of each limit's seconds.

    A request is admitted while what was spent before it is below each limit; its own weight may exceed it. The second
    half of a limit with `is_spread` is spent evenly: after a request, the wait is its weight's share of that half.

    `api` is the budget's key, which all sources of an API share; `source` is who spends, for events. Several threads
    may spend at the same time. The session is for this alone: what one thread spends must be committed immediately,
    whatever becomes of the transaction in which another publishes.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        api: str,
        limits: Sequence[Limit],
        *,
        patience_s: float = PATIENCE_S,
        source: str | None = None,
        emit: Listener = ignore,
    ) -> None:
        if any(limit.seconds > LONGEST_S for limit in limits):
            raise ValueError(f"a limit may span at most {LONGEST_S} s; older requests are forgotten")
        self._warehouse = warehouse
        self._api = api
        self._source = source or api
        self._emit = emit
        self._limits = tuple(limits)
        self._patience_s = patience_s
        self._turn = threading.Lock()
        self._params = {
            "source": api,  # the column's old name: one API used to be one source
            "calls": [limit.calls for limit in limits],
            "seconds": [limit.seconds for limit in limits],
            "is_spread": [limit.is_spread for limit in limits],
        }

    def spend(self, weight: float) -> None:
        """Wait until a request of that weight is admitted, and record it.

        Raises: BudgetSpentError, with nothing recorded, if that would take longer than `patience_s`.
        """
        waited, is_announced = 0.0, False
        while (refused := self._try(weight)) is not None:
            limit, wait_s = refused
            if waited + wait_s > self._patience_s:
                raise self._spent(limit, wait_s)
            if waited + wait_s >= LONG_S and not is_announced:
                is_announced = True
                self._emit(BudgetWaited(self._source, limit.name, wait_s))
            wait_s = max(wait_s, MOMENT_S)
            sleep(wait_s)  # holding no lock: another may be admitted meanwhile, so we try again
            waited += wait_s

    def left(self) -> list[tuple[Limit, float]]:
        """What may be spent of each limit now."""
        with self._turn:
            return self._left(self._rows(), 0)

    def _try(self, weight: float) -> tuple[Limit, float] | None:
        """Record the request, or return which limit refuses it and for how many seconds."""
        if not self._limits:
            return None
        with self._turn, self._warehouse.transaction():
            self._warehouse.run("budget/take_turns", self._params)
            rows = self._rows()
            wait_s, limit = max(
                ((row["wait_s"], limit) for row, limit in zip(rows, self._limits, strict=True)),
                key=lambda each: each[0],
            )
            if wait_s == 0:
                self._warehouse.run("budget/spend", {"source": self._api, "weight": weight})
                self._warehouse.run("budget/forget", self._params)
        self._report(self._left(rows, 0 if wait_s else weight))
        return (limit, wait_s) if wait_s else None

    def _rows(self) -> list[dict[str, Any]]:
        return self._warehouse.run("budget/limits", self._params)

    def _left(self, rows: list[dict[str, Any]], weight: float) -> list[tuple[Limit, float]]:
        spent = [row["spent"] + weight for row in rows]
        return [(limit, max(limit.calls - one, 0.0)) for limit, one in zip(self._limits, spent, strict=True)]

    def _report(self, left: list[tuple[Limit, float]]) -> None:
        """Listener the smallest share that is left; a minute's limit is free again before anyone could look."""
        shares = [remaining / limit.calls for limit, remaining in left if limit.seconds > MINUTE_S]
        if shares:
            self._emit(QuotaSeen(self._source, min(shares)))

    def _spent(self, limit: Limit, wait_s: float) -> BudgetSpentError:
        at = datetime.now(UTC) + timedelta(seconds=wait_s)
        return BudgetSpentError(
            f"{self._api} may be asked again at {at:%Y-%m-%d %H:%M:%S} UTC: its limit is {limit.calls:,.15g} "
            f"per {limit.name}{', spent evenly' if limit.is_spread else ''}.",
            hint="Run the same command again then: what was received is kept.",
            retry_after_s=wait_s,
        )
