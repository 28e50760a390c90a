"""How the feed is read: at most eight days at a time, never by its own links, which go on for ever and carry the key.

Source: https://api.nasa.gov
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from etl.core.api import Answer, Client
from etl.core.documents import BrokenPageError
from etl.core.errors import SourceContractError
from etl.core.intervals import DataInterval, today
from etl.core.pages import Page
from etl.core.secrets import MASK
from etl.core.source import Cost
from etl.sources.days import require_days
from etl.sources.http.pages import CHANGED, page_of
from etl.sources.neows.contract import EARLIEST, objects_by_day

PATH = "/neo/rest/v1/feed"
DAY = timedelta(days=1)
KEY = re.compile(rb"(\bapi_key(?:=|%3D|\\u003d))[^&\"'\s\\]+", re.IGNORECASE)


def probe(client: Client, *, is_demo: bool) -> str:
    """Ask for today's passes."""
    day = today()
    found = _ask(client, DataInterval(day, day + DAY))[1]
    note = "; the demonstration key may ask 30 times an hour and 50 times a day" if is_demo else ""
    return f"{found} passes today{note}"


def passes(client: Client, interval: DataInterval | None, first: int, days_per_request: int) -> Iterator[Page]:
    """Yield the pages of an interval from page `first` on; a day may well have no pass.

    Raises: SourceContractError; UsageError for days before the first that NeoWs knows.
    """
    questions = _questions(interval, days_per_request)
    for number, asked in enumerate(questions[first - 1 :], start=first):
        answer, found = _ask(client, asked)
        yield page_of(answer, number, found, is_last=number == len(questions))


def cost(interval: DataInterval | None, days_per_request: int) -> Cost:
    """The requests that reading an interval takes."""
    requests = len(_questions(interval, days_per_request))
    return Cost(requests, requests)


def _questions(interval: DataInterval | None, days_per_request: int) -> list[DataInterval]:
    """The days of each request, oldest first."""
    return require_days(interval, ("pass", "passes"), EARLIEST).pieces(days_per_request)


def _ask(client: Client, asked: DataInterval) -> tuple[Answer, int]:
    """The answer for these days, without any key in its links, and its number of objects, each of one of these days."""
    answer = client.get(PATH, {"start_date": str(asked.start), "end_date": str(asked.end - DAY)})
    answer = replace(answer, body=KEY.sub(rb"\1" + MASK.encode(), answer.body))
    try:
        by_day = objects_by_day(answer.document)
    except BrokenPageError as error:
        raise SourceContractError(f"{answer.url}: {error}.", hint=CHANGED) from error
    for day, objects in by_day.items():
        _refuse_other_days(answer, asked, day, objects)
    return answer, sum(map(len, by_day.values()))


def _refuse_other_days(answer: Answer, asked: DataInterval, day: str, objects: list[Any]) -> None:
    """Raise unless a day was asked for, and is that of its passes. What cannot be read is left to the parser."""
    found = {day}
    for each in objects:
        with suppress(TypeError, KeyError):
            found.update(each_pass["close_approach_date"] for each_pass in each["close_approach_data"])
    for text in sorted(str(each) for each in found):
        with suppress(ValueError):
            if not asked.start <= date.fromisoformat(text) < asked.end or text != day:
                raise SourceContractError(
                    f"{answer.url} returned a pass of {text} under {day}, asked for {asked}.", hint=CHANGED
                )
