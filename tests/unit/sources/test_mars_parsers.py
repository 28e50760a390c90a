"""A photo of either rover becomes a row if it was taken on a day that was asked for, or is refused with the reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.pages import PageContext, Parsed
from etl.sources.mars import parsers
from etl.sources.mars.cameras import family_of
from etl.sources.mars.simulator import curiosity_photo, perseverance_photo

NOW = datetime(2026, 10, 1, tzinfo=UTC)
CURIOSITY = curiosity_photo(4681, 0) | {"date_taken": "2025-10-06T17:16:46.000Z"}
PERSEVERANCE = perseverance_photo(100, 0) | {"date_taken_utc": "2021-06-01T14:14:37.984"}
OLD = {
    "id": 1,
    "sol": 1500,
    "camera": {"id": 20, "name": "FHAZ", "rover_id": 5, "full_name": "Front Hazard Avoidance Camera"},
    "img_src": "http://mars.jpl.nasa.gov/one.JPG",
    "earth_date": "2016-10-25",
    "rover": {"id": 5, "name": "Curiosity"},
}


def answer(*records: Any, name: str = "items") -> dict[str, Any]:
    return {name: list(records)}


def parse(document: Any, **about: Any) -> Parsed:
    return parsers.photos(json.dumps(document).encode(), PageContext(about, NOW))


def rows(parsed: Parsed) -> list[dict[str, Any]]:
    return parsed.batches["mars_photos"].to_pylist()


def row(record: dict[str, Any]) -> dict[str, Any]:
    parsed = parse(answer(record))
    assert (parsed.records, parsed.refused, parsed.unknown_fields) == (1, (), frozenset())
    (found,) = rows(parsed)
    return found


# Real answers


def stored(shared: Path, file: str, photos: int) -> list[dict[str, Any]]:
    parsed = parsers.photos((shared / "data/nasa" / file).read_bytes(), PageContext({}, NOW))
    assert (parsed.records, parsed.refused, parsed.unknown_fields) == (photos, (), frozenset())
    return rows(parsed)


def test_the_stored_answer_about_curiosity_is_read_whole(shared: Path) -> None:
    (photo,) = stored(shared, "mars_raw_curiosity_item_elided.json", 1)
    expected = {
        "photo_id": "msl:1523343",
        "rover": "curiosity",
        "sol": 4681,
        "taken_date": date(2025, 10, 6),
        "taken_at": datetime(2025, 10, 6, 17, 16, 46, tzinfo=UTC),
        "taken_at_mars": "Sol-04681M10:40:32.355",
        "arrived_at": datetime(2025, 10, 7, 11, 12, 8, tzinfo=UTC),
        "camera": "CHEMCAM_RMI",
        "camera_family": "laser",
        "is_thumbnail": False,
        "site": 119,
        "drive": 1344,
        "rendition_url": None,
        "page_url": "https://mars.nasa.gov/raw_images/1523343",
        "is_from_withdrawn_api": False,
    }
    assert expected.items() <= photo.items()


def test_the_stored_photo_of_perseverance_is_read_whole(shared: Path) -> None:
    (photo,) = stored(shared, "mars_raw_perseverance_sol100_item.json", 1)
    expected = {
        "photo_id": "mars2020:NLF_0100_0675828717_276ECM_N0040218NCAM00503_01_295J",
        "rover": "perseverance",
        "sol": 100,
        "taken_at": datetime(2021, 6, 1, 14, 14, 37, 984_000, tzinfo=UTC),
        "arrived_at": datetime(2021, 6, 1, 18, 53, 30, tzinfo=UTC),
        "camera": "NAVCAM_LEFT",
        "camera_family": "navigation",
        "is_thumbnail": False,
        "site": 4,
        "drive": 218,
        "image_url": None,
    }
    assert expected.items() <= photo.items()


def test_the_stored_answer_of_the_withdrawn_api_is_read_whole(shared: Path) -> None:
    photos = stored(shared, "mars_photos_curiosity_sol1500.json", 217)
    assert {photo["taken_date"] for photo in photos} == {date(2016, 10, 25)}
    assert all(photo["is_from_withdrawn_api"] and photo["image_url"] for photo in photos)
    assert photos[0]["photo_id"] == "mars-photos:593842"
    assert "other" not in {photo["camera_family"] for photo in photos}


# Rows


@pytest.mark.parametrize(
    ("record", "changed"),
    [
        (CURIOSITY, {"is_thumbnail": True}),
        (CURIOSITY, {"is_thumbnail": False, "extended": {"sample_type": "thumbnail"}}),
        (PERSEVERANCE, {"sample_type": "Thumbnail"}),
    ],
)
def test_thumbnails_are_set_apart(record: dict[str, Any], changed: dict[str, Any]) -> None:
    assert not row(record)["is_thumbnail"]
    assert row(record | changed)["is_thumbnail"]


@pytest.mark.parametrize(("written", "known"), [("218", 218), (218, 218), (None, None), ("", None), ("F4", None)])
def test_a_place_is_a_number_however_it_is_written(written: Any, known: int | None) -> None:
    assert row(PERSEVERANCE | {"drive": written, "site": written})["drive"] == known


def test_the_photo_is_the_largest_file() -> None:
    files = PERSEVERANCE["image_files"]
    assert row(PERSEVERANCE)["image_url"] == files["full_res"]
    assert row(PERSEVERANCE | {"image_files": {"small": files["small"], "full_res": ""}})["image_url"] == files["small"]


@pytest.mark.parametrize(
    ("taken", "days"), [("2025-10-06T00:00:00Z", 1), ("2025-10-06T23:59:59Z", 1), ("2025-10-07T00:00:00Z", 0)]
)
def test_what_was_taken_on_a_day_that_was_not_asked_for_is_left_out_and_not_refused(taken: str, days: int) -> None:
    about = {"from": "2025-10-06", "to": "2025-10-07"}
    parsed = parse(answer(CURIOSITY | {"date_taken": taken}), **about)
    assert (len(rows(parsed)), parsed.refused) == (days, ())


def test_a_sol_in_several_answers_is_one_page() -> None:
    both = [answer(CURIOSITY), answer(CURIOSITY | {"id": 7})]
    assert [photo["photo_id"] for photo in rows(parse(both))] == [f"msl:{CURIOSITY['id']}", "msl:7"]


@pytest.mark.parametrize(
    ("camera", "family"),
    [
        ("NAV_LEFT_B", "navigation"),
        ("NAVCAM_LEFT", "navigation"),
        ("FHAZ_RIGHT_A", "hazard"),
        ("REAR_HAZCAM_LEFT", "hazard"),
        ("MAST_LEFT", "mast"),
        ("MCZ_RIGHT", "mast"),
        ("CHEMCAM_RMI", "laser"),
        ("SUPERCAM_RMI", "laser"),
        ("MAHLI", "arm"),
        ("SHERLOC_ACI", "arm"),
        ("MARDI", "descent"),
        ("EDL_RUCAM", "descent"),
        ("SKYCAM", "other"),
    ],
)
def test_cameras_of_both_rovers_have_families(camera: str, family: str) -> None:
    assert family_of(camera) == family


# Refusals


@pytest.mark.parametrize(
    ("record", "changed", "said"),
    [
        (CURIOSITY, {"id": "1523343"}, "id"),
        (CURIOSITY, {"mission": "insight"}, "mission"),
        (CURIOSITY, {"date_taken": "2025-13-06T00:00:00Z"}, "date_taken"),
        (CURIOSITY, {"date_taken": "2012-08-05T00:00:00Z"}, "date_taken"),
        (CURIOSITY, {"https_url": "javascript:alert(1)"}, "https_url"),
        (CURIOSITY, {"sol": -1}, "sol"),
        (CURIOSITY, {"is_thumbnail": "no"}, "is_thumbnail"),
        (PERSEVERANCE, {"imageid": 7}, "imageid"),
        (PERSEVERANCE, {"link": "nowhere"}, "link"),
        (PERSEVERANCE, {"date_taken_utc": "2021-06-01"}, "date_taken_utc"),
        (PERSEVERANCE, {"camera": {}}, "camera.instrument"),
        (PERSEVERANCE, {"image_files": {"large": "x y"}}, "image_files.large"),
        (OLD, {"earth_date": "soon"}, "earth_date"),
        (OLD, {"rover": None}, "rover"),
    ],
)
def test_a_record_that_breaks_its_contract_is_refused_alone(
    record: dict[str, Any], changed: dict[str, Any], said: str
) -> None:
    parsed = parse(answer(record | changed, record))
    assert [refused.reason.split(":")[0] for refused in parsed.refused] == [said]
    assert parsed.batches["mars_photos"].num_rows == 1


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"error": "No such feed"}, "the API says: No such feed"),
        ({"items": None}, "holds no list of photos"),
        ("soon", "holds no list of records"),
        ([7], "holds no list of records"),
        (None, "holds no list of records"),
    ],
)
def test_a_page_without_photos_is_broken(document: Any, said: str) -> None:
    assert [refused.reason for refused in parse(document).refused] == [f"the page is broken: {said}"]


WORDS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.just("2021-06-01T00"))
ANYTHING = st.recursive(
    WORDS, lambda below: st.lists(below) | st.dictionaries(st.text(max_size=4), below), max_leaves=6
)
PHOTOS = st.sampled_from([CURIOSITY, PERSEVERANCE, OLD])


@given(PHOTOS.flatmap(lambda photo: st.tuples(st.just(photo), st.sampled_from(sorted(photo)))), ANYTHING)
def test_whatever_a_field_holds_a_photo_is_a_row_or_refused(which: tuple[dict[str, Any], str], value: Any) -> None:
    photo, field = which
    parsed = parse(answer(photo | {field: value}))
    assert parsed.batches["mars_photos"].num_rows + len(parsed.refused) == 1


@given(ANYTHING)
def test_whatever_a_page_holds_nothing_is_raised(document: Any) -> None:
    for parsed in (parse(document), parse({"items": document}), parse([{"images": document}])):
        assert parsed.batches["mars_photos"].num_rows == 0


@given(st.binary(max_size=40))
def test_whatever_the_bytes_are_nothing_is_raised(body: bytes) -> None:
    assert parsers.photos(body, PageContext({}, NOW)).batches["mars_photos"].num_rows == 0
