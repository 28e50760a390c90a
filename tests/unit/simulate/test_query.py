"""The one query that we send is answered as MongoDB and mongoose-paginate do, and no other."""

from typing import Any

import pytest

from etl.sources.spacex import query

RECORDS: list[dict[str, Any]] = [
    {"id": "c", "date_utc": "2010-06-04T18:45:00.000Z"},
    {"id": "a", "date_utc": "2012-05-22T07:44:00.000Z"},
    {"id": "b", "date_utc": None},
    {"id": "d"},
]


def found(wanted: Any, by: Any = None) -> str:
    options = {} if by is None else {"options": {"sort": by}}
    return "".join(record["id"] for record in query.paginate(RECORDS, {"query": wanted} | options)["docs"])


@pytest.mark.parametrize(
    ("start", "end", "ids"),
    [
        ("2006-03-24T00:00:00.000Z", "2024-05-17T00:00:00.000Z", "ca"),
        ("2010-06-04T18:45:00.000Z", "2012-05-22T07:44:00.000Z", "c"),
        ("2010-06-04T18:45:00.001Z", "2012-05-22T07:44:00.001Z", "a"),
        ("2012-05-22T07:44:00.000Z", "2010-06-04T18:45:00.000Z", ""),
    ],
)
def test_an_interval_holds_its_start_and_not_its_end_and_nothing_without_a_date(start: str, end: str, ids: str) -> None:
    assert found({"date_utc": {"$gte": start, "$lt": end}}) == ids


def test_without_a_condition_everything_is_found() -> None:
    assert found({}) == "cabd"
    assert found(None) == "cabd"


def test_sorting_is_by_id_or_not_at_all() -> None:
    assert found({}, {"_id": "asc"}) == "abcd"


@pytest.mark.parametrize(
    "wanted",
    [
        {"year": {"$near": 1}},
        {"$where": "1"},
        {"$or": []},
        {"name": "Two"},
        {"date_utc": "2010"},
        {"date_utc": {"$gt": "2010"}},
        {"date_utc": {"$gte": "2010"}},
        {"date_utc": {"$gte": 2010, "$lt": 2012}},
        [1],
    ],
)
def test_an_unknown_condition_is_an_error_even_where_there_is_nothing_to_find(wanted: Any) -> None:
    with pytest.raises(ValueError, match=r"not simulated|must be"):
        query.paginate([], {"query": wanted})


@pytest.mark.parametrize("by", [{"_id": "desc"}, {"date_utc": "asc"}, "_id", ["_id"]])
def test_an_unknown_way_of_sorting_is_an_error(by: Any) -> None:
    with pytest.raises(ValueError, match="sort must be"):
        found({}, by)


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


@pytest.mark.parametrize(
    "options",
    [
        {"limit": "many"},
        {"limit": 0},
        {"page": -1},
        {"page": True},
        {"offset": 1},
        {"populate": ["rocket"]},
        {"select": "name"},
        {"pagination": False},
    ],
)
def test_an_option_that_is_not_simulated_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"whole number|not simulated|switched off"):
        paged(**options)
