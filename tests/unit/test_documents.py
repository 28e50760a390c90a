"""A document is read as it was sent, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.documents import Ambiguous, parse_json

KEYS = st.text(max_size=4) | st.sampled_from(['a":', '":', "a", "b"])
PLAIN = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | KEYS
DOCUMENTS = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")])


def ambiguous(document: Any) -> list[Ambiguous]:
    """The objects with a repeated key, anywhere in it."""
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    found = [each for value in inner for each in ambiguous(value)]
    return [document, *found] if isinstance(document, Ambiguous) else found


@given(document=DOCUMENTS, separators=SEPARATORS, is_ascii=st.booleans())
def test_a_document_without_repeated_keys_is_read_as_it_is(
    document: Any, separators: tuple[str, str], is_ascii: bool
) -> None:
    text = json.dumps(document, separators=separators, ensure_ascii=is_ascii)
    read = parse_json(text.encode())
    assert read == document
    assert ambiguous(read) == []


@given(document=DOCUMENTS, key=KEYS, values=st.tuples(PLAIN, DOCUMENTS), separators=SEPARATORS)
def test_an_object_with_a_repeated_key_is_found_wherever_it_is(
    document: Any, key: str, values: tuple[Any, Any], separators: tuple[str, str]
) -> None:
    colon = separators[1]
    pairs = ", ".join(f"{json.dumps(key)}{colon}{json.dumps(value)}" for value in values)
    text = json.dumps([document, {"here": "@"}, document], separators=separators).replace('"@"', f"{{{pairs}}}")
    [found] = ambiguous(parse_json(text.encode()))
    assert found.key == key


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '{"a":1,"\\u0061":2}', '[{"x": {"a": [], "b": 1, "a": []}}]'])
def test_it_does_not_matter_how_the_key_is_written_or_whether_the_values_agree(text: str) -> None:
    assert [each.key for each in ambiguous(parse_json(text.encode()))] == ["a"]
