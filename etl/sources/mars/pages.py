"""How the feeds are read: a sol at a time, each a page, as neither knows days on Earth.

Curiosity's feed returns a sol in several answers, Perseverance's always whole, whatever paging is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from etl.core.api import Answer, Client
from etl.core.documents import BrokenPageError
from etl.core.errors import SourceChangedError, SourceContractError
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Cost
from etl.sources.days import require_past_days
from etl.sources.http.pages import CHANGED
from etl.sources.mars.contract import photos_in
from etl.sources.mars.sols import CURIOSITY, FIRST_DAY, ROVERS, Rover

CURIOSITY_PATH = "/api/v1/raw_image_items/"
PERSEVERANCE_PATH = "/rss/api/"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Question:
    """A sol of a rover."""

    rover: Rover
    sol: int


def probe(client: Client) -> str:
    """Ask for Curiosity's latest photo."""
    answer = client.get(CURIOSITY_PATH, _of_curiosity(1) | {"page": "0"})
    sols = [record.get("sol") for record in _records(answer) if isinstance(record, dict)]
    return f"the latest photo is from sol {sols[0]}" if sols else "no photo"


def photos(client: Client, interval: DataInterval | None, first: int, photos_per_request: int) -> Iterator[Page]:
    """Yield the pages of an interval from page `first` on; a sol may well have no photo.

    Raises: SourceContractError; SourceChangedError if photos arrive meanwhile; UsageError for days without an archive.
    """
    days, asked = questions(interval)
    for number, question in enumerate(asked[first - 1 :], start=first):
        answers = _ask(client, question, photos_per_request)
        yield _page(answers, number, question, days, is_last=number == len(asked))


def cost(interval: DataInterval | None) -> Cost:
    """The requests that reading an interval takes, if no sol of Curiosity's needs a second one."""
    requests = len(questions(interval)[1])
    return Cost(requests, requests)


def questions(interval: DataInterval | None) -> tuple[DataInterval, list[Question]]:
    """The days, and the sols to ask for, rover by rover."""
    interval = require_past_days(interval, ("photo", "photos"), FIRST_DAY)
    now = datetime.now(UTC)
    return interval, [Question(rover, sol) for rover in ROVERS for sol in rover.sols(interval, now)]


def _ask(client: Client, question: Question, photos_per_request: int) -> list[Answer]:
    if question.rover == CURIOSITY:
        return _sol_of_curiosity(client, question, photos_per_request)
    asked = {"feed": "raw_images", "category": "mars2020", "feedtype": "json", "sol": str(question.sol)}
    answer = client.get(PERSEVERANCE_PATH, asked)
    _refuse_other_sols(answer, question)
    return [answer]


def _of_curiosity(photos_per_request: int) -> dict[str, str]:
    return {"order": "sol desc", "per_page": str(photos_per_request), "condition_1": "msl:mission"}


def _sol_of_curiosity(client: Client, question: Question, photos_per_request: int) -> list[Answer]:
    """All answers for a sol: together they have as many photos as each announces, and none twice."""
    answers: list[Answer] = []
    found: set[str] = set()
    while True:
        asked = _of_curiosity(photos_per_request) | {"page": str(len(answers)), "condition_2": f"{question.sol}:sol:in"}
        answer = client.get(CURIOSITY_PATH, asked)
        _refuse_other_sols(answer, question)  # now: all that the feed has would be 7,000 answers
        answers.append(answer)
        ids = [str(record.get("id")) if isinstance(record, dict) else "" for record in _records(answer)]
        if answers[1:] and (again := found.intersection(ids)):
            raise SourceContractError(f"{answer.url} returned photo {min(again)} twice.", hint=CHANGED)
        found.update(ids)
        if not (_envelope(answer, "more", bool) and ids):
            break
    _refuse_a_part(answers)
    return answers


def _refuse_a_part(answers: list[Answer]) -> None:
    """Raise unless all answers announce the same number of photos, and together have that many."""
    totals = {_envelope(answer, "total", int) for answer in answers}
    have = sum(len(_records(answer)) for answer in answers)
    if len(totals) > 1:
        raise SourceChangedError(
            f"{answers[-1].url}: new photos arrived while the sol was read.", hint="Run the same command again."
        )
    if totals != {have}:
        raise SourceContractError(
            f"{answers[-1].url} announced {totals.pop():,} photos of the sol and returned {have}.", hint=CHANGED
        )


def _refuse_other_sols(answer: Answer, question: Question) -> None:
    """Raise unless each photo is of the sol that was asked for: a feed ignores parameters that it does not understand.

    A sol that cannot be read is left to the parser.
    """
    for record in _records(answer):
        sol = record.get("sol") if isinstance(record, dict) else None
        if type(sol) is int and sol != question.sol:
            raise SourceContractError(
                f"{answer.url} returned a photo of sol {sol}, not of sol {question.sol}.", hint=CHANGED
            )


def _page(answers: list[Answer], number: int, question: Question, days: DataInterval, *, is_last: bool) -> Page:
    """A sol as one page, so that a killed run resumes with the next sol; several answers become a list of them."""
    last = answers[-1]
    body = last.body if len(answers) == 1 else b"[" + b",".join(answer.body for answer in answers) + b"]"
    about = {
        "rover": question.rover.name,
        "sol": question.sol,
        "from": days.start.isoformat(),
        "to": days.end.isoformat(),
    }
    records = sum(len(_records(answer)) for answer in answers)
    return Page(number, answers[0].url, last.status, body, records, last.received_at, is_last, about)


def _records(answer: Answer) -> list[Any]:
    try:
        if not isinstance(answer.document, dict) or "imageid" in answer.document:
            raise BrokenPageError("holds no list of photos")
        return photos_in(answer.document)
    except BrokenPageError as error:
        raise SourceContractError(f"{answer.url}: {error}.", hint=CHANGED) from error


def _envelope(answer: Answer, name: str, kind: type) -> Any:
    """What an answer of Curiosity's feed says about its photos."""
    value = answer.document.get(name)
    if type(value) is not kind:
        raise SourceContractError(f"{answer.url} has no valid '{name}'.", hint=CHANGED)
    return value
