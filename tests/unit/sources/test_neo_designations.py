"""An object has one name, however an API writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.sources.neo.designations import normalised

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
PROVISIONAL = st.builds(
    "{} {}{}{}".format,
    st.integers(1898, 2099),
    st.sampled_from(LETTERS[:-1]),
    st.sampled_from(LETTERS),
    st.one_of(st.just(""), st.integers(1, 999).map(str)),
)
NAME = st.sampled_from(["", "Apophis", "Bennu", "'Oumuamua", "Ra-Shalom", "van den Heuvel"])
SPACES = st.integers(0, 8).map(lambda count: " " * count)


@pytest.mark.parametrize(
    ("written", "designation"),
    [
        ("361538", "361538"),
        ("2007 JZ20", "2007 JZ20"),
        ("361538 (2007 JZ20)", "361538"),
        (" 99942 Apophis (2004 MN4)", "99942"),
        ("       (1979 XB)", "1979 XB"),
        ("29075", "29075"),
        ("29075 (1950 DA)", "29075"),
        ("101955 Bennu", "101955"),
        ("1862 Apollo (1932 HA)", "1862"),  # a number that looks like a year
        ("1989 AC", "1989 AC"),
        ("2040 P-L", "2040 P-L"),
        ("(4788 P-L)", "4788 P-L"),
        ("A898 PA", "A898 PA"),
        ("1P/Halley", "1P"),
        ("1P", "1P"),
        ("73P-C/Schwassmann-Wachmann 3", "73P-C"),
        ("P/2016 BA14 (PANSTARRS)", "P/2016 BA14"),
        ("C/2013 A1", "C/2013 A1"),
        ("00433 Eros", "433"),
    ],
)
def test_every_form_becomes_the_designation(written: str, designation: str) -> None:
    assert normalised(written) == designation


@given(PROVISIONAL, SPACES, SPACES)
def test_an_object_without_a_number_has_one_name(provisional: str, before: str, after: str) -> None:
    forms = {provisional, f"({provisional})", f"{before}({provisional}){after}", provisional.replace(" ", "  ")}
    assert {normalised(form) for form in forms} == {provisional}


@given(st.integers(1, 9_999_999), NAME, PROVISIONAL, SPACES)
def test_an_object_with_a_number_is_its_number(number: int, name: str, provisional: str, before: str) -> None:
    named = f"{number} {name}".strip()
    forms = {str(number), named, f"{before}{named} ({provisional})", f"{number:08}"}
    assert {normalised(form) for form in forms} == {str(number)}


@given(st.one_of(PROVISIONAL, st.integers(1, 9_999_999).map(str), st.sampled_from(["1P", "73P-C", "C/2013 A1"])))
def test_a_designation_stays_as_it_is(designation: str) -> None:
    assert normalised(designation) == designation


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = normalised(text)
    except ValueError:
        return
    assert normalised(found) == found


@pytest.mark.parametrize("text", ["", "  ", "()", "0", "Apophis", "-5", "99942Apophis", "2007 jz20"])
def test_what_is_not_a_designation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the designation"):
        normalised(text)
