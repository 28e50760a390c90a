"""Facts about pictures are published beside what lists them; nothing is fetched or computed twice."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from enrichment.facts.record import FACTS_VERSION
from enrichment.mosaic.folder import Folder
from etl import destinations, sources
from etl.core import events
from etl.core.auth import HeaderKey
from etl.core.errors import AuditError, ConfigError, LakeUnavailableError, SourceUnavailableError
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.engines.local import LocalEngine
from etl.lake.pictures import export, send
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline, Summary
from etl.postgres.connection import Warehouse
from etl.settings import EnrichmentSettings, PictureFactsSettings
from etl.simulate import server
from etl.sources.http.client import HttpClient
from etl.sources.picture_facts import in_process, simulator
from etl.state import ledger
from tests.conftest import HASTY
from tests.enrichment.serving import KEY, receiving
from tests.warehouse import test_apod, test_mars

DAY = timedelta(days=1)
TODAY = test_apod.TODAY
DAYS = DataInterval(TODAY - 5 * DAY, TODAY)
FOLDER = "https://assets.science.nasa.gov/dynamicimage/pictures"
AGENCY = {"credit": "NASA, ESA, Hubble", "copyright": "NASA"}
SOMEBODY = {"credit": "A. Example", "copyright": "A. Example"}


@dataclass
class Server:
    """A server of pictures: what it was asked for, and what it answers instead at some paths."""

    asked: Counter[str] = field(default_factory=Counter)
    instead: dict[str, Response] = field(default_factory=dict)
    url: str = ""

    def app(self, environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"].rpartition("/")[2]
        self.asked[path] += 1
        response = self.instead.get(path) or Response(*run_wsgi_app(simulator.make_app(), environ))
        return response(environ, start_response)

    @property
    def pictures(self) -> int:
        return sum(count for path, count in self.asked.items() if path)


@pytest.fixture
def pictures() -> Iterator[Server]:
    found = Server()
    with server.serve(found.app) as running:
        found.url = running.url
        yield found


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was described in this process, in order."""
    found: list[bytes] = []
    describe = in_process.describe

    def listening(data: bytes, *others: Any) -> Any:
        found.append(data)
        return describe(data, *others)

    monkeypatch.setattr(in_process, "describe", listening)
    return found


def listed(
    warehouse: Warehouse, lake: Lake, shown: Mapping[int, Mapping[str, Any]] | None = None, days: DataInterval = DAYS
) -> None:
    """Publish pictures of the day, all of them images; `shown` says what differs a number of days ago."""
    change = {TODAY - n * DAY: record for n, record in (shown or {}).items()}

    def edited(record: dict[str, Any]) -> dict[str, Any]:
        day = date.fromisoformat(record["date"])
        plain = {"media_type": "image", "hdurl": f"{FOLDER}/{day}.jpg?w=3200"} | AGENCY
        return record | plain | change.get(day, {})

    test_apod.run(warehouse, lake, change=edited, interval=days)


def source_at(pictures: Server, **settings: Any) -> Source:
    plain = {"base_url": pictures.url, "start": DAYS.start, "lookback_days": 0}
    return sources.load("picture_facts", PictureFactsSettings(**plain | settings))


def pipeline(source: Source, lake: Lake, warehouse: Warehouse) -> Pipeline:
    return Pipeline(source, lake, 0.05, LocalEngine(), published=lambda: nullcontext(warehouse.run))


def run(
    warehouse: Warehouse, lake: Lake, pictures: Server, days: DataInterval | None = None, **settings: Any
) -> Summary:
    """A run, by default of the days that follow from what is published."""
    source = source_at(pictures, **settings)
    interval = days or ledger.next_interval(warehouse, source, destinations.DEFAULT, TODAY)
    with HttpClient("picture_facts", pictures.url, HASTY) as client:
        summary = pipeline(source, lake, warehouse).run(client, warehouse, interval)
    assert summary.transformed.refused == 0
    return summary


def published(warehouse: Warehouse, columns: str = "status") -> list[Any]:
    """What is said about each picture, the newest first."""
    found = warehouse.execute(f"select {columns} from silver.picture_facts order by picture_date desc")
    return [next(iter(row.values())) if len(row) == 1 else row for row in found]


def forget_pauses(warehouse: Warehouse) -> None:
    """As if the last failures were a year ago."""
    with warehouse.transaction():
        warehouse.execute("set local role platform_admin")
        warehouse.execute("update silver.picture_facts set tried_at = tried_at - interval '1 year'")


def test_pictures_that_are_listed_are_fetched_described_and_published_once(
    warehouse: Warehouse, lake: Lake, pictures: Server, computed: list[bytes]
) -> None:
    listed(warehouse, lake)
    assert run(warehouse, lake, pictures).published.status == "published"
    assert published(warehouse) == ["described"] * 5
    again = run(warehouse, lake, pictures)
    assert again.published.status == "unchanged"
    assert (pictures.pictures, len(computed)) == (5, 5)
    [known] = warehouse.execute(
        "select width, height, format, facts_version, is_reusable from silver.picture_facts limit 1"
    )
    assert dict(known) == {
        "width": 384,
        "height": 288,
        "format": "PNG",
        "facts_version": FACTS_VERSION,
        "is_reusable": True,
    }


def test_a_file_that_is_shown_on_several_days_is_fetched_and_described_once(
    warehouse: Warehouse, lake: Lake, pictures: Server, computed: list[bytes]
) -> None:
    listed(warehouse, lake, {n: {"hdurl": f"{FOLDER}/same.jpg?h={n}"} for n in (1, 5)})
    run(warehouse, lake, pictures, DataInterval(TODAY - DAY, TODAY))
    run(warehouse, lake, pictures, DAYS)
    assert (pictures.asked["same.jpg"], pictures.pictures, len(computed)) == (1, 4, 4)
    assert len(set(published(warehouse, "sha256"))) == 4
    [pair] = warehouse.execute("select * from gold.picture_duplicates")
    assert (pair["picture_date"], pair["other_picture_date"]) == (TODAY - 5 * DAY, TODAY - DAY)
    assert (pair["phash_distance"], pair["dhash_distance"]) == (0, 0)


def test_the_same_bytes_at_another_url_are_described_once(
    warehouse: Warehouse, lake: Lake, pictures: Server, computed: list[bytes]
) -> None:
    listed(warehouse, lake)
    same = simulator.picture("same", 96)
    for n in (1, 2, 5):  # the last one in another run
        pictures.instead[f"{TODAY - n * DAY}.jpg"] = Response(same, mimetype="image/png")
    run(warehouse, lake, pictures, pictures_per_run=3)
    run(warehouse, lake, pictures)
    assert published(warehouse) == ["described"] * 5
    assert (pictures.pictures, len(computed)) == (5, 3)
    assert len(set(published(warehouse, "file"))) == 5


@pytest.mark.parametrize(
    "budget", [{"pictures_per_run": 3}, pytest.param({"bytes_per_run": 1}, marks=pytest.mark.thorough)]
)
def test_a_spent_budget_leaves_facts_unknown_and_the_next_runs_go_on_with_the_newest(
    warehouse: Warehouse, lake: Lake, pictures: Server, computed: list[bytes], budget: dict[str, int]
) -> None:
    listed(warehouse, lake)
    run(warehouse, lake, pictures, **budget)
    first = budget.get("pictures_per_run", 1)
    assert published(warehouse) == ["described"] * first + ["due"] * (5 - first)
    while "due" in published(warehouse):
        run(warehouse, lake, pictures, **budget)
    assert (pictures.pictures, len(computed)) == (5, 5)


@pytest.mark.thorough
def test_a_killed_run_is_resumed_without_fetching_or_computing_again(
    warehouse: Warehouse, lake: Lake, pictures: Server, computed: list[bytes]
) -> None:
    listed(warehouse, lake)
    rows = warehouse.run("listings/picture_facts", {"start": DAYS.start, "end": DAYS.end})
    _killed_at_page(2, pictures, lake, rows)
    assert pictures.pictures == 2
    run(warehouse, lake, pictures, DAYS)
    assert published(warehouse) == ["described"] * 5
    assert (pictures.pictures, len(computed)) == (5, 3)


def _killed_at_page(number: int, pictures: Server, lake: Lake, rows: Sequence[Mapping[str, Any]]) -> None:
    """Extract in a process that ends itself as soon as that many pages are kept."""
    child = get_context("spawn").Process(target=_extract, args=(number, pictures.url, lake.url, rows))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def _extract(dies_at: int, url: str, lake: str, rows: Sequence[Mapping[str, Any]]) -> None:
    kept = Counter[str]()

    def listen(event: events.Event) -> None:
        kept[type(event).__name__] += 1
        if kept["PageKept"] == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def ask(statement: str, _: Any) -> Any:
        return rows if statement == "listings/picture_facts" else ()

    source = source_at(Server(url=url))
    steps = Pipeline(source, Lake(lake), 0.05, LocalEngine(), listen, published=lambda: nullcontext(ask))
    with HttpClient("picture_facts", url, HASTY) as client:
        steps.extract(client, DAYS)


BROKEN = {  # by days ago: the answer instead of the picture, and the status that follows
    1: (Response("Not Found", 404, mimetype="text/plain"), "unreachable"),
    2: (Response("<p>Log in</p>", mimetype="text/html"), "unreachable"),
    3: (Response(b"x" * 200_001, mimetype="image/png"), "unreachable"),
    4: (Response(simulator.picture("x", 96)[:200], mimetype="image/png"), "refused"),
    5: (Response(b"not a picture", mimetype="image/png"), "refused"),
}


def test_broken_pictures_are_published_without_facts_and_are_due_again_after_a_pause(
    warehouse: Warehouse, lake: Lake, pictures: Server
) -> None:
    listed(warehouse, lake)
    pictures.instead = {f"{TODAY - n * DAY}.jpg": answer for n, (answer, _) in BROKEN.items()}
    run(warehouse, lake, pictures, bytes_per_picture=200_000)
    assert published(warehouse) == [status for _, status in BROKEN.values()]
    assert all(published(warehouse, "reason"))
    assert published(warehouse, "attempts") == [1] * 5
    run(warehouse, lake, pictures)  # too early
    assert pictures.pictures == 5
    forget_pauses(warehouse)
    pictures.instead = {}
    run(warehouse, lake, pictures)
    assert published(warehouse) == ["described"] * 5
    assert published(warehouse, "attempts") == [0] * 5
    assert pictures.pictures == 10


@pytest.mark.thorough
def test_one_picture_that_the_server_cannot_return_does_not_stop_the_others(
    warehouse: Warehouse, lake: Lake, pictures: Server
) -> None:
    listed(warehouse, lake)
    pictures.instead[f"{TODAY - DAY}.jpg"] = Response("Sorry", 503, mimetype="text/plain")
    run(warehouse, lake, pictures)
    assert published(warehouse) == ["unreachable", *["described"] * 4]


def test_a_server_that_is_down_ends_the_run_after_a_few_pictures_and_what_lists_them_is_published(
    warehouse: Warehouse, lake: Lake, pictures: Server
) -> None:
    listed(warehouse, lake)
    for n in range(1, 6):
        pictures.instead[f"{TODAY - n * DAY}.jpg"] = Response("Sorry", 503, mimetype="text/plain")
    with pytest.raises(SourceUnavailableError, match="503"):
        run(warehouse, lake, pictures)
    assert len(pictures.asked) == 3 + 1  # and the probe
    assert len(test_apod.pictures(warehouse)) == 5
    assert published(warehouse) == []


def test_without_a_service_nothing_is_fetched_and_nothing_else_suffers(
    warehouse: Warehouse, lake: Lake, pictures: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(warehouse, lake)
    monkeypatch.setattr("etl.sources.picture_facts.enricher.PATIENCE", HASTY)
    nobody = EnrichmentSettings(url="http://127.0.0.1:9", key="a-key-of-nobody")
    with pytest.raises(SourceUnavailableError, match=r"127.0.0.1:9 does not answer"):
        run(warehouse, lake, pictures, enrichment=nobody)
    assert pictures.pictures == 0
    assert len(test_apod.pictures(warehouse)) == 5


def test_a_service_that_ends_midway_costs_no_picture_that_was_fetched(
    warehouse: Warehouse, lake: Lake, pictures: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(warehouse, lake)
    answered = Counter[str]()
    describe = in_process.InProcess.describe

    def ending(self: in_process.InProcess, *about: Any) -> Any:
        answered["asked"] += 1
        if answered["asked"] == 3:
            raise SourceUnavailableError("The service does not answer.", hint="Wait.")
        return describe(self, *about)

    monkeypatch.setattr(in_process.InProcess, "describe", ending)
    with pytest.raises(SourceUnavailableError):
        run(warehouse, lake, pictures)
    assert pictures.pictures == 3
    run(warehouse, lake, pictures)
    assert published(warehouse) == ["described"] * 2 + ["due"] + ["described"] * 2
    run(warehouse, lake, pictures)
    assert published(warehouse) == ["described"] * 5
    assert pictures.pictures == 5


def test_a_new_version_of_the_facts_is_computed_from_what_is_in_bronze(
    warehouse: Warehouse, lake: Lake, pictures: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(warehouse, lake)
    run(warehouse, lake, pictures)
    files = published(warehouse, "file")
    monkeypatch.setattr(in_process, "FACTS_VERSION", "next")
    _as_version(monkeypatch, "next")
    run(warehouse, lake, pictures, DAYS)
    assert published(warehouse, "facts_version") == ["next"] * 5
    assert published(warehouse, "file") == files
    assert pictures.pictures == 5


def _as_version(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    describe = in_process.describe

    def newer(*about: Any) -> Any:
        found = describe(*about)
        return found.model_copy(update={"facts": found.facts.model_copy(update={"facts_version": version})})

    monkeypatch.setattr(in_process, "describe", newer)


@pytest.fixture
def mars(warehouse: Warehouse, lake: Lake) -> list[dict[str, Any]]:
    """Photos of the rovers are published; of each rover, day and camera the first that may be asked for."""
    test_mars.run(warehouse, lake, today=TODAY, interval=DAYS)
    return warehouse.execute(
        "select min(taken_at) as taken_at, rover, taken_date, camera_family from silver.mars_photos"
        " where camera_family in ('mast', 'navigation') and rendition_url is not null and not is_thumbnail"
        " group by rover, taken_date, camera_family"
    )


def test_of_each_rover_day_and_camera_the_first_photo_is_described(
    warehouse: Warehouse, lake: Lake, pictures: Server, mars: list[dict[str, Any]]
) -> None:
    run(warehouse, lake, pictures)
    rows = warehouse.execute(
        "select photos.rover, photos.taken_date, photos.camera_family, photos.taken_at, facts.status, facts.sha256"
        " from silver.picture_facts as facts inner join silver.mars_photos as photos on facts.item_id = photos.photo_id"
    )
    assert {row["status"] for row in rows} == {"described"}
    kinds = ("rover", "taken_date", "camera_family", "taken_at")
    assert sorted([row[kind] for kind in kinds] for row in rows) == sorted(
        [row[kind] for kind in kinds] for row in mars
    )
    assert len({row["sha256"] for row in rows}) == len(rows) > 5
    assert run(warehouse, lake, pictures).published.status == "unchanged"


def test_a_server_that_is_down_does_not_stop_the_pictures_of_another(
    warehouse: Warehouse, lake: Lake, pictures: Server, mars: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(warehouse, lake)
    monkeypatch.setattr("etl.sources.picture_facts.pages.NASA", pictures.url)
    monkeypatch.setattr(HttpClient, "elsewhere", lambda *_: HttpClient("picture_facts", "http://127.0.0.1:9", HASTY))
    run(warehouse, lake, pictures)
    found = Counter((row["source"], row["status"]) for row in published(warehouse, "source, status"))
    assert found == {("apod", "described"): 5, ("mars", "unreachable"): 3, ("mars", "due"): len(mars) - 3}


@pytest.mark.thorough
def test_a_replaced_picture_is_fetched_and_does_not_keep_the_facts_of_the_old_one(
    warehouse: Warehouse, lake: Lake, pictures: Server
) -> None:
    listed(warehouse, lake)
    run(warehouse, lake, pictures)
    before = published(warehouse, "sha256")
    listed(warehouse, lake, {1: {"hdurl": f"{FOLDER}/other.jpg"}})
    run(warehouse, lake, pictures, DAYS, bytes_per_run=1)
    after = published(warehouse, "sha256")
    assert after[0] != before[0]
    assert after[1:] == before[1:]


def test_only_days_that_are_published_are_asked_for(warehouse: Warehouse, lake: Lake, pictures: Server) -> None:
    with pytest.raises(ConfigError, match=r"apod_pictures, mars_photos is published"):
        run(warehouse, lake, pictures)
    listed(warehouse, lake)
    source = source_at(pictures)
    assert ledger.next_interval(warehouse, source, destinations.DEFAULT, TODAY + 30 * DAY) == DAYS


def test_the_pool_has_only_what_may_be_reused_with_its_credit(
    warehouse: Warehouse, lake: Lake, pictures: Server
) -> None:
    listed(warehouse, lake, {1: SOMEBODY, 2: {"media_type": "video"}, 3: {"copyright": "B. Muster"}})
    run(warehouse, lake, pictures)
    pool = warehouse.execute("select picture_date, credit from gold.picture_pool order by picture_date desc")
    assert [row["picture_date"] for row in pool] == [TODAY - 4 * DAY, TODAY - 5 * DAY]
    assert {row["credit"] for row in pool} == {"NASA, ESA, Hubble"}
    [month] = warehouse.execute("select * from gold.picture_months")
    assert [month[name] for name in ("pictures", "described", "reusable")] == [4, 4, 2]
    assert 0 < month["mean_brightness"] < 1


def test_the_pool_becomes_a_folder_that_mosaics_are_made_of(
    warehouse: Warehouse, lake: Lake, pictures: Server, tmp_path: Path
) -> None:
    listed(warehouse, lake, {1: SOMEBODY})
    run(warehouse, lake, pictures)
    rows = warehouse.run("listings/reusable_pictures")
    assert export(lake, rows, tmp_path / "pool") == len(rows) > 0
    shown = Folder(tmp_path / "pool").pictures
    assert {(one.date, one.title, one.credit, one.link) for one in shown} == {
        (row["picture_date"].isoformat(), row["title"], row["credit"], row["page_url"]) for row in rows
    }
    assert all(one.is_reusable for one in shown)
    assert {sha256(one.read(64)).hexdigest() for one in shown} == {row["sha256"] for row in rows}


def test_files_that_are_in_the_folder_are_not_read_from_the_lake_again(
    warehouse: Warehouse, lake: Lake, pictures: Server, tmp_path: Path
) -> None:
    listed(warehouse, lake)
    run(warehouse, lake, pictures)
    rows = warehouse.run("listings/reusable_pictures")
    export(lake, rows, tmp_path / "pool")
    nothing = Lake(str(tmp_path / "no lake"))
    assert export(nothing, rows, tmp_path / "pool") == len(rows)
    with pytest.raises(LakeUnavailableError):
        export(nothing, rows, tmp_path / "other")
    assert not (tmp_path / "other" / "index.json").exists()


def test_the_page_of_mosaics_gets_what_may_be_reused_and_only_once(
    warehouse: Warehouse, lake: Lake, pictures: Server, tmp_path: Path
) -> None:
    listed(warehouse, lake, {1: SOMEBODY})
    run(warehouse, lake, pictures)
    rows = warehouse.run("listings/reusable_pictures")
    auth = HeaderKey("X-API-Key", SecretStr(KEY), hint="")
    with receiving(tmp_path / "pool") as received, HttpClient("mosaic", received.url, HASTY, auth=auth) as page:
        assert send(lake, rows, page) == len(rows) > 1
        export(lake, rows, tmp_path / "exported")
        ours, theirs = (Folder(place).pictures for place in (tmp_path / "pool", tmp_path / "exported"))
        assert [(one.title, one.credit, one.read(64)) for one in ours] == [
            (one.title, one.credit, one.read(64)) for one in theirs
        ]
        assert send(Lake(str(tmp_path / "no lake")), rows, page) == 0
        assert send(lake, rows[1:], page) == 0
    assert len(list((tmp_path / "pool").iterdir())) == len(rows), "an index, and all pictures but one"


@pytest.mark.parametrize(
    ("audit", "change"),
    [
        ("facts_agree", lambda record: record | {"phash": "0" * 64, "item_id": "2026-06-10 again"}),
        ("described_pictures_have_facts", lambda record: record | {"facts_version": None}),
        ("described_pictures_have_facts", lambda record: record | {"file": None}),
        ("no_picture_outside_of_the_days", lambda record: record | {"picture_date": "2026-07-01"}),
    ],
)
def test_an_audit_fires(
    warehouse: Warehouse, lake: Lake, pictures: Server, audit: str, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    last = DataInterval(TODAY - DAY, TODAY)
    listed(warehouse, lake, days=last)
    run(warehouse, lake, pictures, last)
    source = source_at(pictures)
    [endpoint] = source.endpoints
    spoilt = _spoilt(endpoint.parse, change)
    source = replace(source, endpoints=(replace(endpoint, parse=spoilt),))
    with HttpClient("picture_facts", pictures.url, HASTY) as client, pytest.raises(AuditError) as told:
        pipeline(source, lake, warehouse).run(client, warehouse, last)
    assert told.value.audit == audit


def _spoilt(parse: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The parser, given a list whose first record is changed."""

    def parsed(body: bytes, context: Any) -> Any:
        first, *others = json.loads(body)
        return parse(json.dumps([change(first), *others]).encode(), context)

    return parsed
