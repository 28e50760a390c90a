"""PromQL that queries share.

ETL and Airflow count rare events, and a counter first appears with its first event: a plain `increase()` never shows
that one, nor anything that happened only once. So counters of events are read with `happened`, and measurements taken
at events (durations) with `mean` and `quantile`, which build on it. Counters that never stop take a plain `rate`.
"""

from __future__ import annotations

WINDOW = "$__rate_interval"
RANGE = "$__range"


def selector(metric: str, where: str = "") -> str:
    """A metric, and the matchers its series must satisfy."""
    return f"{metric}{{{where}}}" if where else metric


def happened(counter: str, by: str, where: str = "", window: str = WINDOW) -> str:
    """How much a counter grew within the window, including the value it first appeared with."""
    now = selector(counter, where)
    grown = f"increase({now}[{window}])"
    known = f"last_over_time({now}[{window}] offset {window})"
    born = f"min_over_time({now}[{window}]) unless {known}"
    return f"{_sum(by)} (({grown} + ({born})) or {grown} or ({now} unless {known}))"


def mean(histogram: str, by: str, where: str = "", window: str = WINDOW) -> str:
    """The mean of the observations within the window; nothing if there were none."""
    return (
        f"{happened(f'{histogram}_sum', by, where, window)} / ({happened(f'{histogram}_count', by, where, window)} > 0)"
    )


def quantile(share: float, histogram: str, by: str, where: str = "", window: str = WINDOW) -> str:
    """The value that this share of the observations within the window stayed below; nothing if there were none."""
    return f"histogram_quantile({share}, {happened(f'{histogram}_bucket', f'{by}, le', where, window)}) >= 0"


def rate(counter: str, by: str, where: str = "") -> str:
    """Growth per second of a counter that never stops."""
    return f"{_sum(by)} (rate({selector(counter, where)}[{WINDOW}]))"


def or_zero(query: str) -> str:
    """The sum of a query, 0 where it finds nothing: for things whose absence is good news."""
    return f"sum({query}) or vector(0)"


def _sum(by: str) -> str:
    return f"sum by ({by})" if by else "sum"
