"""What audits found, and the error that stops a run."""

from __future__ import annotations

from collections.abc import Iterable

from etl.core.errors import AuditError
from etl.core.outcomes import AuditResult

SAMPLE_ROWS = 5


def raise_first_failure(results: Iterable[AuditResult]) -> None:
    """Raises: AuditError if any audit found rows."""
    failed = [result for result in results if result.offending_rows]
    if not failed:
        return
    first, others = failed[0], [result.audit for result in failed[1:]]
    more_failed = f" ({len(others)} more failed: {', '.join(others)})" if others else ""
    found = "1 row" if first.offending_rows == 1 else f"{first.offending_rows:,} rows"
    raise AuditError(
        f"Audit {first.audit} found {found} that must not {'be lost' if first.is_loss else 'exist'}: "
        f"{_shown(first)}{more_failed}.",
        hint=_hint(first),
        audit=first.audit,
        offending_rows=first.offending_rows,
        sample=first.sample,
        query=first.query,
    )


def _hint(failed: AuditResult) -> str:
    if failed.is_loss:
        return "Nothing was published. If the source is right, run the same command with --accept-loss."
    return f"Nothing was published. The audit's query is {failed.file}."


def _shown(result: AuditResult) -> str:
    rows = (", ".join(f"{key}={value}" for key, value in row.items()) for row in result.sample)
    left = result.offending_rows - len(result.sample)
    return ", ".join(f"({row})" for row in rows) + (f" and {left:,} more" if left else "")
