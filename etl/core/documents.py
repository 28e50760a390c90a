"""JSON of any size or shape, read without ever crashing."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from typing import Any

from pydantic_core import from_json

LONGEST_INTEGER = 25  # digits; longer ones become floats or infinity, which every contract refuses
SPACE_BEFORE_COLON = re.compile(rb'"\s+:')


class BrokenPageError(ValueError):
    """A page that is not JSON, or holds no records where they should be."""


class Ambiguous(dict[str, Any]):
    """An object in which `key` appears more than once: nobody can say which value counts."""

    key = ""


def parse_json(body: bytes) -> Any:
    """The document; NaN and huge numbers arrive as floats, an object with a repeated key as Ambiguous.

    Raises: BrokenPageError.
    """
    with suppress(ValueError):  # deep nesting, lone surrogates, numbers of thousands of digits
        document = from_json(body)  # in half the time of json.loads, but of a repeated key it keeps the last value
        if not SPACE_BEFORE_COLON.search(body) and body.count(b'":') == _count_keys(document):
            return document  # each key is followed by a colon, so that a repeated one would be counted
    try:
        return json.loads(body, parse_int=_integer, object_pairs_hook=_object)
    except RecursionError:
        raise BrokenPageError("nested too deeply") from None
    except UnicodeDecodeError:
        raise BrokenPageError("not UTF-8") from None
    except ValueError as error:
        raise BrokenPageError(str(error)) from None


def _count_keys(document: Any) -> int:
    """Of the objects in it; too few if there are some in a list that begins with a plain value, as long ones do."""
    count, left = 0, [document]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            count += len(each)
            left.extend(each.values())
        elif isinstance(each, list) and each and isinstance(each[0], dict | list):
            left.extend(each)
    return count


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    ambiguous = Ambiguous(found)
    ambiguous.key = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return ambiguous


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)
