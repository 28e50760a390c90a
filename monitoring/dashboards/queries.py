"""PromQL that panels share.

ETL and Airflow count rare events, and a counter is born with its first one: a plain `increase()` never shows it, nor
anything that happened only once. So events are asked for with `happened`, and what is measured at events (durations)
with `mean` and `quantile`, which build on it. Counters that always run take a plain `rate`.
"""

from __future__ import annotations

WINDOW = "$__rate_interval"
RANGE = "$__range"


def happened(counter: str, by: str, where: str = "", window: str = WINDOW) -> str:
    """How much a counter grew within the window, the value that it was born with included."""
    now = f"{counter}{{{where}}}" if where else counter
    grown = f"increase({now}[{window}])"
    known = f"last_over_time({now}[{window}] offset {window})"
    born = f"min_over_time({now}[{window}]) unless {known}"
    return f"{_sum(by)} (({grown} + ({born})) or {grown} or ({now} unless {known}))"


def mean(histogram: str, by: str, where: str = "", window: str = WINDOW) -> str:
    """The mean of what was observed within the window; nothing if nothing was."""
    return (
        f"{happened(f'{histogram}_sum', by, where, window)} / ({happened(f'{histogram}_count', by, where, window)} > 0)"
    )


def quantile(share: float, histogram: str, by: str, where: str = "", window: str = WINDOW) -> str:
    """What a share of the observations within the window stayed below; nothing if there were none."""
    return f"histogram_quantile({share}, {happened(f'{histogram}_bucket', f'{by}, le', where, window)}) >= 0"


def rate(counter: str, by: str, where: str = "") -> str:
    """Growth per second of a counter that always runs."""
    now = f"{counter}{{{where}}}" if where else counter
    return f"{_sum(by)} (rate({now}[{WINDOW}]))"


def or_zero(query: str) -> str:
    """The sum of a query, 0 where it finds nothing: for things that are well when they are absent."""
    return f"sum({query}) or vector(0)"


def _sum(by: str) -> str:
    return f"sum by ({by})" if by else "sum"
