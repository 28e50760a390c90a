"""How the pictures are requested: a few weeks at a time, which fit on one page.

The API numbers its pages from the newest picture on, so each new one moves them all; days stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from etl.core.api import Answer, Client
from etl.core.documents import BrokenPageError
from etl.core.errors import SourceContractError, SourceWithdrawnError
from etl.core.intervals import DataInterval, today
from etl.core.pages import Page
from etl.core.source import Cost
from etl.sources.apod.contract import FIRST_DAY, LOGO, pictures_in, shown_in
from etl.sources.days import require_past_days
from etl.sources.http.pages import CHANGED, page_of
from etl.sources.http.paginators import total_in_header

PATH = "/wp-json/wp/v2/apod-basic"
TOTAL = "X-WP-Total"
MOST_PER_PAGE = 25  # the API returns no more, whatever `per_page` says
PROBED_DAYS = 7
DAY = timedelta(days=1)
USE_INSTEAD = (
    "Nothing was published. NASA's first API ended with such answers in 2026; "
    "https://science.nasa.gov/apod says how the pictures are served now."
)


def probe(client: Client) -> str:
    """Ask for the last few days; perhaps none of them has a picture."""
    asked = DataInterval(today() - PROBED_DAYS * DAY, today())
    return f"{len(_ask(client, asked)[1])} pictures of the last {PROBED_DAYS} days"


def pictures(client: Client, interval: DataInterval | None, first: int, days_per_request: int) -> Iterator[Page]:
    """Yield the pages of an interval from page `first` on.

    Raises: SourceContractError, SourceWithdrawnError; UsageError for days that are still to come.
    """
    questions = _questions(interval, days_per_request)
    for number, asked in enumerate(questions[first - 1 :], start=first):
        answer, records = _ask(client, asked)
        yield page_of(answer, number, len(records), is_last=number == len(questions))


def cost(interval: DataInterval | None, days_per_request: int) -> Cost:
    """The requests that reading an interval takes."""
    requests = len(_questions(interval, days_per_request))
    return Cost(requests, requests)


def _questions(interval: DataInterval | None, days_per_request: int) -> list[DataInterval]:
    """The days of each request, oldest first."""
    why = ", and a future picture may still change"
    return require_past_days(interval, ("picture", "pictures"), FIRST_DAY, why).pieces(days_per_request)


def _ask(client: Client, asked: DataInterval) -> tuple[Answer, list[Any]]:
    """The answer for these days and its records, once they have proved to be just that."""
    answer = client.get(
        PATH,
        {
            "page": "1",
            "per_page": str(MOST_PER_PAGE),
            "date_from": f"{asked.start:%y%m%d}",
            "date_to": f"{asked.end - DAY:%y%m%d}",  # the API includes it
        },
    )
    records = _records(answer)
    _refuse_placeholders(answer, records)
    _refuse_other_days(answer, asked, records)
    _refuse_a_part(answer, records)
    return answer, records


def _records(answer: Answer) -> list[Any]:
    try:
        if not isinstance(answer.document, list):
            pictures_in(answer.document)  # raises with the API's reason, if it gave one
            raise BrokenPageError("returned one picture instead of a list")
        return answer.document
    except BrokenPageError as error:
        raise SourceContractError(f"{answer.url}: {error}.", hint=CHANGED) from error


def _refuse_placeholders(answer: Answer, records: list[Any]) -> None:
    """Raise if there is a logo where a picture should be, or one image for several days. (Videos may share a poster.)

    That is how the first API ended: status 200, all fields present, and the same logo for each day since 1995.
    """
    days_of: dict[str, set[str]] = {}
    for record in records:
        shown = shown_in(record)
        if LOGO in shown:
            raise SourceWithdrawnError(f"{answer.url} returned NASA's logo instead of pictures.", hint=USE_INSTEAD)
        if shown and record.get("media_type") == "image":
            days_of.setdefault(shown, set()).add(str(record.get("date")))
    for shown, days in days_of.items():
        if len(days) > 1:
            raise SourceWithdrawnError(
                f"{answer.url} returned one picture for {len(days)} days: {shown}.", hint=USE_INSTEAD
            )


def _refuse_other_days(answer: Answer, asked: DataInterval, records: list[Any]) -> None:
    """Raise unless each day was asked for and occurs once: the API ignores parameters that it does not understand.

    A day that cannot be read is left to the parser.
    """
    seen: set[date] = set()
    for record in records:
        with suppress(ValueError, TypeError, KeyError):
            day = date.fromisoformat(record["date"])
            if not asked.start <= day < asked.end:
                raise SourceContractError(
                    f"{answer.url} returned the picture of {day}, which is not in {asked}.", hint=CHANGED
                )
            if day in seen:
                raise SourceContractError(f"{answer.url} returned the picture of {day} twice.", hint=CHANGED)
            seen.add(day)


def _refuse_a_part(answer: Answer, records: list[Any]) -> None:
    """Raise unless all pictures that the API announces for these days are there."""
    total = total_in_header(answer, TOTAL)
    if total is None:
        raise SourceContractError(f"{answer.url} did not say in {TOTAL} how many pictures there are.", hint=CHANGED)
    if total != len(records):
        raise SourceContractError(
            f"{answer.url} announced {total:,} pictures and returned {len(records)}.",
            hint="If it serves no more at a time, set ETL_APOD__DAYS_PER_REQUEST to that number.",
        )
