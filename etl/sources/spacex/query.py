"""What MongoDB and mongoose-paginate do with `{query, options}`, for the part of it that clients of the SpaceX API use.

Source: https://github.com/r-spacex/SpaceX-API/blob/master/docs/queries.md
Every function raises ValueError for what it does not know.
"""

import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Record = dict[str, Any]
Condition = Callable[[Record], bool]
Comparison = Callable[[list[Any]], bool]

DEFAULT_LIMIT = 10
_KINDS = ("null", "number", "string", "object", "array", "boolean")  # in MongoDB's sort order
_ASCENDING = ("asc", "ascending", 1, "1")
_DESCENDING = ("desc", "descending", -1, "-1")


def paginate(records: Sequence[Record], body: Mapping[str, Any]) -> Record:
    """Answer a query as mongoose-paginate does; `offset` wins over `page`, `pagination: false` returns everything."""
    options = body.get("options") or {}
    if not isinstance(options, dict):
        raise ValueError("options must be an object")
    if options.get("populate"):
        raise ValueError("populate is not simulated")
    fulfils = condition(body.get("query") or {})
    found = sort([record for record in records if fulfils(record)], options.get("sort"))
    if options.get("pagination") is False:
        answer = _answer(found, len(found), len(found), 1)
    else:
        answer = _one_page(found, options)
    return {**answer, "docs": select(answer["docs"], options.get("select"))}


def condition(query: Any) -> Condition:
    """Return the test a record must pass; a dotted path reaches into lists, too."""
    if not isinstance(query, dict):
        raise ValueError("a query must be an object")
    parts = [_part(path, wanted) for path, wanted in query.items()]
    return lambda record: all(part(record) for part in parts)


def sort(records: Sequence[Record], by: Any) -> list[Record]:
    """Return the records sorted by `{"date_utc": "desc"}` or `"-date_utc name"`; ties keep their order."""
    ordered = list(records)
    for path, descending in reversed(_sort_keys(by)):
        ordered.sort(key=_sort_key(_steps(path), descending), reverse=descending)
    return ordered


def select(records: Sequence[Record], fields: Any) -> list[Record]:
    """Return the selected part of each record; `id` belongs to it unless it is deselected by name."""
    wanted = _selection(fields)
    with_id = wanted.pop("id", True)
    if len(set(wanted.values())) > 1:
        raise ValueError("select cannot both include and exclude fields")
    paths = [path.split(".") for path in wanted]
    if any(wanted.values()):
        return [_only(record, [*paths, ["id"]] if with_id else paths) for record in records]
    return [_without(record, paths if with_id else [*paths, ["id"]]) for record in records]


def _one_page(found: Sequence[Record], options: Mapping[str, Any]) -> Record:
    limit = _whole(options, "limit", DEFAULT_LIMIT)
    page = max(_whole(options, "page", 1), 1)
    offset = (page - 1) * limit
    if options.get("offset") is not None:
        offset = _whole(options, "offset", 0)
        page = math.ceil((offset + 1) / limit) if limit else 1
    answer = _answer(found[offset : offset + limit], len(found), limit, page)
    if page == 1 and offset > 0:
        answer |= {"hasPrevPage": True, "prevPage": 1}
    return answer | ({"offset": offset} if options.get("offset") is not None else {})


def _answer(docs: Sequence[Record], total: int, limit: int, page: int) -> Record:
    pages = max(math.ceil(total / limit), 1) if limit else 1
    return {
        "docs": docs,
        "totalDocs": total,
        "limit": limit,
        "totalPages": pages,
        "page": page,
        "pagingCounter": (page - 1) * limit + 1,
        "hasPrevPage": page > 1,
        "hasNextPage": page < pages,
        "prevPage": page - 1 if page > 1 else None,
        "nextPage": page + 1 if page < pages else None,
    }


def _whole(options: Mapping[str, Any], name: str, default: int) -> int:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _steps(path: str) -> list[str]:
    return ["id" if step == "_id" else step for step in path.split(".")]


def _values(value: Any, steps: Sequence[str]) -> list[Any]:
    if not steps:
        return [value]
    if isinstance(value, list):
        return [found for item in value for found in _values(item, steps)]
    if isinstance(value, dict) and steps[0] in value:
        return _values(value[steps[0]], steps[1:])
    return []


def _part(path: str, wanted: Any) -> Condition:
    if path in ("$and", "$or"):
        if not isinstance(wanted, list) or not wanted:
            raise ValueError(f"{path} must be a list of queries")
        conditions = [condition(query) for query in wanted]
        quantifier = all if path == "$and" else any
        return lambda record: quantifier(holds(record) for holds in conditions)
    if path.startswith("$"):
        raise ValueError(f"unknown operator: {path}")
    steps, comparisons = _steps(path), _comparisons(wanted)
    return lambda record: all(holds(_candidates(record, steps)) for holds in comparisons)


def _comparisons(wanted: Any) -> list[Comparison]:
    if not isinstance(wanted, dict) or not any(key.startswith("$") for key in wanted):
        return [_eq(wanted)]
    for name in wanted:
        if name not in _OPERATORS:
            raise ValueError(f"unknown operator: {name}")
    return [_OPERATORS[name](operand) for name, operand in wanted.items()]


def _candidates(record: Record, steps: Sequence[str]) -> list[Any]:
    """Return what a comparison may meet: the values at the path, and the items of those that are lists."""
    values = _values(record, steps)
    return values + [item for value in values if isinstance(value, list) for item in value]


def _kind(value: Any) -> str:
    kinds = {type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", dict: "object"}
    return kinds.get(type(value), "array")


def _equal(values: Sequence[Any], operand: Any) -> bool:
    if operand is None and not values:
        return True
    return any(_kind(value) == _kind(operand) and value == operand for value in values)


def _eq(operand: Any) -> Comparison:
    return lambda values: _equal(values, operand)


def _ne(operand: Any) -> Comparison:
    return lambda values: not _equal(values, operand)


def _in(operand: Any) -> Comparison:
    if not isinstance(operand, list):
        raise ValueError("$in needs a list")
    return lambda values: any(_equal(values, item) for item in operand)


def _exists(operand: Any) -> Comparison:
    return lambda values: bool(values) == bool(operand)


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[Any], Comparison]:
    def comparison(operand: Any) -> Comparison:
        if _kind(operand) not in ("number", "string"):
            raise ValueError(f"only numbers and strings have an order, not {operand!r}")
        return lambda values: any(_kind(value) == _kind(operand) and holds(value, operand) for value in values)

    return comparison


_OPERATORS: dict[str, Callable[[Any], Comparison]] = {
    "$eq": _eq,
    "$ne": _ne,
    "$in": _in,
    "$gt": _ordered(operator.gt),
    "$gte": _ordered(operator.ge),
    "$lt": _ordered(operator.lt),
    "$lte": _ordered(operator.le),
    "$exists": _exists,
}


def _sort_key(steps: Sequence[str], descending: bool) -> Callable[[Record], tuple[int, Any]]:
    pick = max if descending else min
    return lambda record: pick([_rank(value) for value in _values(record, steps)] or [_rank(None)])


def _rank(value: Any) -> tuple[int, Any]:
    kind = _kind(value)
    comparable = 0 if value is None else json.dumps(value) if kind in ("object", "array") else value
    return _KINDS.index(kind), comparable


def _sort_keys(by: Any) -> list[tuple[str, bool]]:
    if by is None:
        return []
    if isinstance(by, str):
        return [(word.lstrip("-"), word.startswith("-")) for word in by.split()]
    if not isinstance(by, dict) or any(way not in _ASCENDING + _DESCENDING for way in by.values()):
        raise ValueError('sort must be like {"date_utc": "asc"} or "-date_utc name"')
    return [(path, direction in _DESCENDING) for path, direction in by.items()]


def _selection(fields: Any) -> dict[str, bool]:
    if fields is None:
        return {}
    if isinstance(fields, dict):
        return {_named(path): bool(keep) for path, keep in fields.items()}
    if not isinstance(fields, str | list):
        raise ValueError("select must be a string, a list or an object")
    words = fields.split() if isinstance(fields, str) else [str(field) for field in fields]
    return {_named(word.lstrip("-+")): not word.startswith("-") for word in words}


def _named(path: str) -> str:
    return ".".join(_steps(path))


def _only(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    if isinstance(value, list):
        return [_only(item, paths) for item in value if isinstance(item, dict)]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, item in value.items():
        deeper = [path[1:] for path in paths if path[0] == key]
        if deeper:
            kept[key] = item if [] in deeper else _only(item, deeper)
    return kept


def _without(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    if isinstance(value, list):
        return [_without(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, item in value.items():
        deeper = [path[1:] for path in paths if path[0] == key]
        if [] not in deeper:
            kept[key] = _without(item, deeper) if deeper else item
    return kept
