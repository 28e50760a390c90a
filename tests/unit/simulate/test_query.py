"""Queries select, sort and page as MongoDB and mongoose-paginate do."""

from typing import Any

import pytest

from etl.sources.spacex import query

RECORDS: list[dict[str, Any]] = [
    {"id": "a", "name": "One", "year": 2010, "ok": True, "cores": [{"core": "x", "flight": 1}]},
    {"id": "b", "name": "Two", "year": 2012, "ok": None, "cores": [{"core": None}, {"core": "y", "flight": 2}]},
    {"id": "c", "name": "Three", "year": 2012, "ok": False, "cores": [], "note": "z"},
]


def found(wanted: Any) -> str:
    return "".join(filter(None, (r["id"] if query.condition(wanted)(r) else "" for r in RECORDS)))


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, "abc"),
        ({"_id": "b"}, "b"),
        ({"name": "Two", "year": 2012}, "b"),
        ({"ok": 1}, ""),
        ({"ok": None}, "b"),
        ({"note": None}, "ab"),
        ({"year": {"$gt": 2010}}, "bc"),
        ({"year": {"$gte": 2010, "$lt": 2012}}, "a"),
        ({"year": {"$lte": "2012"}}, ""),
        ({"year": {"$eq": 2010}}, "a"),
        ({"year": {"$ne": 2012}}, "a"),
        ({"name": {"$in": ["One", "Three"]}}, "ac"),
        ({"note": {"$exists": True}}, "c"),
        ({"note": {"$exists": False}}, "ab"),
        ({"cores.core": "y"}, "b"),
        ({"cores.core": None}, "bc"),
        ({"cores.core": {"$ne": None}}, "a"),
        ({"cores.flight": {"$gte": 2}}, "b"),
        ({"cores": {"core": "x", "flight": 1}}, "a"),
        ({"$or": [{"id": "a"}, {"note": "z"}]}, "ac"),
        ({"$and": [{"year": 2012}, {"ok": False}]}, "c"),
    ],
)
def test_a_condition_finds_what_mongodb_would(wanted: dict[str, Any], ids: str) -> None:
    assert found(wanted) == ids


@pytest.mark.parametrize(
    "wanted",
    [
        {"year": {"$near": 1}},
        {"$where": "1"},
        {"year": {"$in": 2012}},
        {"$or": {}},
        {"year": {"$gt": None}},
        [],
    ],
)
def test_an_unknown_condition_is_an_error_even_where_there_is_nothing_to_find(wanted: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown operator|must be|needs|order"):
        query.condition(wanted)


@pytest.mark.parametrize(
    ("by", "ids"),
    [
        (None, "abc"),
        ("-year name", "cba"),
        ({"year": "desc", "name": 1}, "cba"),
        ({"year": -1}, "bca"),
        ("ok", "bca"),
        ("-_id", "cba"),
        ({"cores.flight": "asc"}, "cab"),
    ],
)
def test_sorting_is_stable_and_puts_null_before_all_else(by: Any, ids: str) -> None:
    assert "".join(record["id"] for record in query.sort(RECORDS, by)) == ids


@pytest.mark.parametrize("by", [{"year": "up"}, ["year"]])
def test_an_unknown_way_of_sorting_is_an_error(by: Any) -> None:
    with pytest.raises(ValueError, match="sort must be like"):
        query.sort(RECORDS, by)


@pytest.mark.parametrize(
    ("fields", "selected"),
    [
        ("name", {"id": "b", "name": "Two"}),
        (["name", "year"], {"id": "b", "name": "Two", "year": 2012}),
        ({"name": 1, "_id": 0}, {"name": "Two"}),
        ("cores.core", {"id": "b", "cores": [{"core": None}, {"core": "y"}]}),
        ({"cores": 0, "ok": 0}, {"id": "b", "name": "Two", "year": 2012}),
        ("-cores.flight -ok -_id", {"name": "Two", "year": 2012, "cores": [{"core": None}, {"core": "y"}]}),
    ],
)
def test_select_takes_a_string_a_list_or_an_object(fields: Any, selected: dict[str, Any]) -> None:
    assert query.select([RECORDS[1]], fields) == [selected]


@pytest.mark.parametrize("fields", [{"name": 1, "year": 0}, 7])
def test_a_select_that_makes_no_sense_is_an_error(fields: Any) -> None:
    with pytest.raises(ValueError, match="select"):
        query.select(RECORDS, fields)


def paged(**options: Any) -> dict[str, Any]:
    return query.paginate([{"id": number} for number in range(25)], {"options": options})


def test_a_page_has_ten_records_by_default() -> None:
    answer = paged()
    assert [record["id"] for record in answer.pop("docs")] == list(range(10))
    assert answer == {
        "totalDocs": 25,
        "limit": 10,
        "totalPages": 3,
        "page": 1,
        "pagingCounter": 1,
        "hasPrevPage": False,
        "hasNextPage": True,
        "prevPage": None,
        "nextPage": 2,
    }


def test_the_last_page_has_no_next() -> None:
    answer = paged(page=3, limit=12)
    assert [record["id"] for record in answer["docs"]] == [24]
    assert (answer["hasNextPage"], answer["nextPage"], answer["prevPage"], answer["pagingCounter"]) == (
        False,
        None,
        2,
        25,
    )


def test_a_page_beyond_the_last_is_empty() -> None:
    assert paged(page=9)["docs"] == []


def test_offset_wins_over_page() -> None:
    answer = paged(offset=12, page=1)
    assert [record["id"] for record in answer["docs"]] == list(range(12, 22))
    assert (answer["offset"], answer["page"], answer["hasPrevPage"]) == (12, 2, True)
    assert paged(offset=3)["prevPage"] == 1


def test_without_pagination_everything_is_one_page() -> None:
    answer = paged(pagination=False, limit=2)
    assert (len(answer["docs"]), answer["limit"], answer["totalPages"], answer["hasNextPage"]) == (25, 25, 1, False)


@pytest.mark.parametrize("options", [{"limit": "many"}, {"page": -1}, {"offset": 1.5}, {"populate": ["rocket"]}])
def test_an_option_that_makes_no_sense_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"whole number|populate"):
        paged(**options)


def test_a_limit_of_zero_asks_for_the_count_only() -> None:
    answer = paged(limit=0, offset=5)
    assert (answer["docs"], answer["totalDocs"], answer["page"]) == ([], 25, 1)
