"""A picture of the day becomes a row of plain text, from either API, or is refused with the reason."""

from __future__ import annotations

import html
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.pages import PageContext, Parsed
from etl.sources.apod import parsers
from etl.sources.apod.plain import explanation_of, text_of, video_in
from etl.sources.apod.simulator import picture, withdrawn_picture

NOW = datetime(2026, 10, 1, tzinfo=UTC)
IMAGE, VIDEO, PLAYER = (picture(date(2026, 9, day)) for day in (10, 8, 20))
OLD = {
    "date": "2022-02-02",
    "title": "The centre",
    "explanation": "It's  dusty.",
    "media_type": "image",
    "copyright": "\nA. Example\n",
    "hdurl": "https://apod.nasa.gov/apod/image/2202/centre.png",
    "url": "https://apod.nasa.gov/apod/image/2202/centre_1024.png",
    "service_version": "v1",
}
PLACE = "https://science.nasa.gov/image-article/one/"


def parse(*records: Any) -> Parsed:
    return parsers.pictures(json.dumps(records).encode(), PageContext({}, NOW))


def row(record: dict[str, Any]) -> dict[str, Any]:
    parsed = parse(record)
    assert (parsed.records, parsed.refused, parsed.unknown_fields) == (1, (), frozenset())
    (found,) = parsed.batches["apod_pictures"].to_pylist()
    return dict(found)


def reasons(*records: Any) -> list[str]:
    parsed = parse(*records)
    assert parsed.batches["apod_pictures"].num_rows == len(records) - len(parsed.refused)
    return [refused.reason for refused in parsed.refused]


# Real answers


def test_the_stored_answers_of_the_withdrawn_api_are_read_whole(shared: Path) -> None:
    body = (shared / "data/nasa/apod_2022-02-01_2022-02-13_thumbs.json").read_bytes()
    parsed = parsers.pictures(body, PageContext({}, NOW))
    assert (parsed.records, parsed.refused, parsed.unknown_fields) == (13, (), frozenset())
    rows = parsed.batches["apod_pictures"].to_pylist()
    assert [each["picture_date"].day for each in rows] == list(range(1, 14))
    assert all(each["is_from_withdrawn_api"] and each["explanation"] for each in rows)
    video, image = rows[:2]
    assert video["video_url"].startswith("https://www.youtube.com/embed/c4Xky6tlFyY")
    assert (video["picture_url"], video["is_poster"]) == ("https://img.youtube.com/vi/c4Xky6tlFyY/0.jpg", True)
    assert image["picture_url"].endswith(".jpg")
    assert image["page_url"] == "https://apod.nasa.gov/apod/ap220202.html"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            "apod_basic_260913_video_shortened.json",
            {
                "media_type": "video",
                "credit": "Paolo Girotti",
                "is_poster": True,
                "video_url": "https://assets.science.nasa.gov/content/dam/science/cds/apod/apod/2026/september/"
                "NoctilucentNeowise_Girotti.mp4",
            },
        ),
        (
            "apod_basic_260916_image_elided.json",
            {
                "media_type": "image",
                "title": "Webb's View of M64",
                "video_url": None,
                "is_poster": False,
                "rendition_url": "https://assets.science.nasa.gov/dynamicimage/assets/science/cds/apod/apod/2026/"
                "september/M64_Webb.jpg?w=1024&fit=clip",
            },
        ),
    ],
)
def test_a_stored_answer_of_todays_api_is_read_whole(shared: Path, file: str, expected: dict[str, Any]) -> None:
    body = (shared / "data/nasa" / file).read_bytes()
    parsed = parsers.pictures(body, PageContext({}, NOW))
    assert (parsed.records, parsed.refused, parsed.unknown_fields) == (1, (), frozenset())
    (found,) = parsed.batches["apod_pictures"].to_pylist()
    assert expected.items() <= found.items()
    assert not any(mark in str(found["explanation"]) for mark in ("Explanation", "Tomorrow", "moving", "<"))


def test_stored_errors_are_refused_and_nothing_is_raised(shared: Path) -> None:
    errors = (shared / "data/nasa/apod_v1_errors.json").read_bytes()
    assert len(parsers.pictures(errors, PageContext({}, NOW)).refused) == 3
    missing = parsers.pictures((shared / "data/nasa/apod_basic_404.json").read_bytes(), PageContext({}, NOW))
    assert [refused.reason for refused in missing.refused] == ["the page is broken: the API says: APOD not found."]


# Rows


def test_a_picture_becomes_a_row_of_plain_text() -> None:
    record = IMAGE | {"title": "Webb&#8217;s &amp; others", "copyright": "  ", "alt": "A galaxy.\n"}
    assert row(record) == {
        "picture_date": date(2026, 9, 10),
        "title": "Webb\N{RIGHT SINGLE QUOTATION MARK}s & others",
        "media_type": "image",
        "explanation": explanation_of(IMAGE["explanation"]),
        "credit": text_of(IMAGE["credit"]),
        "copyright": None,
        "alt_text": "A galaxy.",
        "picture_url": IMAGE["hdurl"],
        "rendition_url": IMAGE["hdurl"].split("?")[0] + "?w=1024&fit=clip",
        "video_url": None,
        "page_url": IMAGE["permalink"],
        "is_poster": False,
        "is_from_withdrawn_api": False,
        "received_at": NOW,
    }


@pytest.mark.parametrize(("record", "ending"), [(VIDEO, ".mp4"), (PLAYER, "?rel=0&dnt=1")])
def test_a_video_is_found_in_its_page_and_its_picture_is_a_poster(record: dict[str, Any], ending: str) -> None:
    found = row(record)
    assert found["video_url"].endswith(ending)
    assert found["is_poster"]
    assert not row(record | {"hdurl": ""})["is_poster"]


def test_a_video_that_is_not_in_its_page_is_unknown() -> None:
    assert row(VIDEO | {"basic_html": "<!doctype html> ... </html>"})["video_url"] is None


def test_an_unknown_media_type_is_other() -> None:
    assert row(IMAGE | {"media_type": "hologram"})["media_type"] == "other"


def test_a_picture_elsewhere_has_no_rendition() -> None:
    assert row(IMAGE | {"hdurl": "https://apod.nasa.gov/a.jpg?w=1"})["rendition_url"] is None


def test_a_record_of_the_withdrawn_api_becomes_a_row() -> None:
    found = row(OLD)
    assert (found["copyright"], found["explanation"], found["credit"]) == ("A. Example", "It's dusty.", None)
    assert (found["picture_url"], found["is_poster"]) == (OLD["hdurl"], False)
    assert row({name: value for name, value in OLD.items() if name != "hdurl"})["picture_url"] == OLD["url"]


def test_the_withdrawn_apis_answer_for_one_day_is_read_too() -> None:
    assert parsers.pictures(json.dumps(OLD).encode(), PageContext({}, NOW)).batches["apod_pictures"].num_rows == 1


def test_a_url_without_a_scheme_is_taken_as_https() -> None:
    assert row(OLD | {"url": "//player.example.org/1", "media_type": "video"})["video_url"] == (
        "https://player.example.org/1"
    )


# Refused


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date", "2026-02-30"),
        ("date", "1995-06-15"),
        ("date", 20260910),
        ("title", None),
        ("media_type", 1),
        ("explanation", "a\x00b"),
        ("credit", "\ud800"),
        ("copyright", ["a"]),
        ("hdurl", "javascript:alert(1)"),
        ("hdurl", "https://"),
        ("hdurl", "https://[1"),
        ("hdurl", "data:image/png;base64,AAAA"),
        ("permalink", ""),
    ],
)
def test_a_record_that_breaks_the_contract_is_refused_alone(field: str, value: Any) -> None:
    assert [reason.split(":")[0] for reason in reasons(IMAGE | {field: value}, VIDEO)] == [field]


@pytest.mark.parametrize("field", ["date", "title", "permalink", "media_type", "explanation", "hdurl", "basic_html"])
def test_a_missing_field_is_refused_by_name(field: str) -> None:
    assert reasons({name: value for name, value in IMAGE.items() if name != field}) == [f"{field}: Field required"]


def test_an_unknown_field_is_reported() -> None:
    assert parse(IMAGE | {"concepts": []}).unknown_fields == {"concepts"}


@pytest.mark.parametrize("record", [withdrawn_picture(date(2026, 10, 1)), IMAGE | {"hdurl": "https://x/nasa-logo.svg"}])
def test_the_logo_of_the_withdrawn_api_is_not_a_picture(record: dict[str, Any]) -> None:
    (reason,) = reasons(record)
    assert "is NASA's logo" in reason


# Text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("", None),
        ("<p>&nbsp;</p>", None),
        ("<strong>Explanation:\N{NO-BREAK SPACE}</strong>It&nbsp;is <a href='x'>far</a> away.", "It is far away."),
        ("<b> explanation : </b>One.<br>\nTwo.<p>Three.", "One.\nTwo.\nThree."),
        ("The explanation: none.", "The explanation: none."),
        ("One.<br><br><strong>Tomorrow's picture: </strong>two<hr>Authors", "One."),
        ("One. <b>Tomorrow&#8217;s picture:</b> two", "One."),
        ("<b>Explanation:</b> One.<br><br><b>We <a href='x'>move</a>:</b> on<br><b>Tomorrow's picture:</b> x", "One."),
        ("<b>Explanation:</b> One.<br><b>Tomorrow's picture:</b> x", "One."),
        ("<b>One</b> is bold.<br>Two is not.<br><b>Tomorrow's picture:</b> x", "One is bold.\nTwo is not."),
        ("Tomorrow's picture shows more.", "Tomorrow's picture shows more."),
        ("<strong>Tomorrow's picture:</strong> x", None),
        ("a &amp;lt;b&amp;gt; c", "a &lt;b&gt; c"),
        ("1 < 2 > 0 & true", "1 < 2 > 0 & true"),
        ("a<script>alert('x')</script>b<style>p{}</style>c", "abc"),
        ("a<script>never closed", "a"),
        ("a<!-- b -->c<![CDATA[d]]>e<![if x]>f<?g?>h", "acefh"),
        ("&#0;&#xD800;&#x110000;", "\ufffd\ufffd\ufffd"),
    ],
)  # fmt: skip
def test_html_becomes_text_once(written: str, text: str | None) -> None:
    assert explanation_of(written) == text


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ('<video><source src="//a.example.org/1.mp4"></video>', "https://a.example.org/1.mp4"),
        ('<VIDEO SRC=/1.mp4></VIDEO><iframe src="https://b.example.org"></iframe>', "https://science.nasa.gov/1.mp4"),
        ('<iframe src="javascript:alert(1)"></iframe><iframe src="https://b.example.org/"></iframe>', "https://b.example.org/"),
        ('<iframe src="http://[1"></iframe>', None),
        ('<audio><source src="https://b.example.org/1.mp3"></audio>', None),
        ('<picture><source src="https://b.example.org/1.jpg"></picture><iframe src></iframe>', None),
        ('<!-- <iframe src="https://b.example.org/"> --><![x<iframe src="https://b.example.org/">', None),
        ("", None),
    ],
)  # fmt: skip
def test_a_video_is_the_first_one_that_a_browser_may_open(written: str, address: str | None) -> None:
    assert video_in(written, PLACE) == address


@given(st.text())
def test_escaped_text_comes_back_unchanged_except_for_space(text: str) -> None:
    plain = text.replace("\x00", "").replace("\r", "")
    assert text_of(html.escape(plain)) == (" ".join(plain.split()) or None)


MARKS = (
    """<b> </b> <br> <![ <! <? <a_href=' <video _src= ' " > <script> </ &# Explanation: Tomorrow's_picture: //[ &lt;"""
)
MARKUP = st.lists(st.sampled_from([mark.replace("_", " ") for mark in MARKS.split()]) | st.text(max_size=5)).map(
    "".join
)


@given(MARKUP)
def test_no_markup_is_too_broken_to_be_read(written: str) -> None:
    found = row(VIDEO | {"explanation": written.replace("\x00", ""), "basic_html": written.replace("\x00", "")})
    assert found["explanation"] is None or found["explanation"].split()
    assert found["video_url"] is None or found["video_url"].startswith(("http://", "https://"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner), max_leaves=3
)
RECORDS = st.one_of(
    JSON,
    *(
        st.dictionaries(st.sampled_from([*known, "new"]), JSON | st.sampled_from([*known.values()]), max_size=3).map(
            lambda changes, known=known: known | changes  # type: ignore[misc]
        )
        for known in (IMAGE, VIDEO, OLD)
    ),
)


@given(st.lists(RECORDS, max_size=3) | RECORDS)
def test_whatever_is_answered_is_a_row_or_refused(document: Any) -> None:
    body = json.dumps(document).encode("utf-8", "surrogatepass")
    parsed = parsers.pictures(body, PageContext({}, NOW))
    assert parsed.batches["apod_pictures"].num_rows + len(parsed.refused) == parsed.records


@given(st.binary(max_size=100))
def test_any_bytes_are_a_page_or_a_broken_one(body: bytes) -> None:
    parsers.pictures(body, PageContext({}, NOW))
