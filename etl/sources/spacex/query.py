"""The one query that we send to the SpaceX API, answered as MongoDB and mongoose-paginate do; any other is refused.

Source: https://github.com/r-spacex/SpaceX-API/blob/master/docs/queries.md
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Record = dict[str, Any]

DEFAULT_LIMIT = 10
BOUNDS = {"$gte", "$lt"}
SORTS = (None, {"_id": "asc"})


def paginate(records: Sequence[Record], body: Mapping[str, Any]) -> Record:
    """One page of the records within `date_utc: {$gte, $lt}`, sorted by id.

    Raises: ValueError for a query or an option that is not simulated.
    """
    options = _object(body, "options", {"sort", "page", "limit", "pagination"})
    if options.get("pagination", True) is not True:
        raise ValueError("pagination cannot be switched off here")
    limit, page = _whole(options, "limit", DEFAULT_LIMIT), _whole(options, "page", 1)
    found = _sorted(_within(records, _object(body, "query", {"date_utc"})), options.get("sort"))
    pages = max(math.ceil(len(found) / limit), 1)
    first = (page - 1) * limit
    return {
        "docs": found[first : first + limit],
        "totalDocs": len(found),
        "limit": limit,
        "totalPages": pages,
        "page": page,
        "pagingCounter": first + 1,
        "hasPrevPage": page > 1,
        "hasNextPage": page < pages,
        "prevPage": page - 1 if page > 1 else None,
        "nextPage": page + 1 if page < pages else None,
    }


def _object(body: Mapping[str, Any], name: str, known: set[str]) -> Record:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object")
    for each in value:
        if each not in known:
            raise ValueError(f"not simulated: {name}.{each}")
    return value


def _within(records: Sequence[Record], query: Record) -> Sequence[Record]:
    if not query:
        return records
    bounds = query["date_utc"]
    if not isinstance(bounds, dict) or set(bounds) != BOUNDS or not all(isinstance(at, str) for at in bounds.values()):
        raise ValueError("date_utc must be like {$gte: instant, $lt: instant}")
    start, end = bounds["$gte"], bounds["$lt"]
    return [record for record in records if isinstance(at := record.get("date_utc"), str) and start <= at < end]


def _sorted(records: Sequence[Record], by: Any) -> list[Record]:
    if by not in SORTS:
        raise ValueError('sort must be {"_id": "asc"}')
    return sorted(records, key=lambda record: str(record["id"])) if by else list(records)


def _whole(options: Mapping[str, Any], name: str, default: int) -> int:
    value = options.get(name, default)
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be a whole number above zero, not {value!r}")
    return value
