"""Passes, risks and objects become rows, or are refused with the reason, whatever JPL mixes up."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.pages import PageContext, Parsed
from etl.sources.neo import formulas, parsers, sky
from etl.sources.neo.answers import APPROACHES, OBJECTS, RISKS, Envelope
from tests.unit.sources.neo import answer

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
CONTEXT = PageContext({}, NOW)
PASS = sky.APOPHIS_2029
RISK, OBJECT = sky.RISKS_OF_WELL_KNOWN[2], sky.WELL_KNOWN[0]
PARSERS: list[tuple[Envelope, Callable[[bytes, PageContext], Parsed], dict[str, Any]]] = [
    (APPROACHES, parsers.approaches, PASS),
    (RISKS, parsers.risks, RISK),
    (OBJECTS, parsers.objects, OBJECT),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def row(parsed: Parsed) -> dict[str, Any]:
    assert [refused.reason for refused in parsed.refused] == []
    [batch] = parsed.batches.values()
    [found] = batch.to_pylist()
    return dict(found)


def approach(**changes: Any) -> Parsed:
    return parsers.approaches(answer(APPROACHES, PASS | changes), CONTEXT)


def risk(**changes: Any) -> Parsed:
    return parsers.risks(answer(RISKS, RISK | changes), CONTEXT)


def reasons(parsed: Parsed) -> list[str]:
    return [refused.reason for refused in parsed.refused]


# Real answers


def test_the_stored_pass_is_read_by_the_names_of_its_fields(shared: Path) -> None:
    body = (shared / "data/nasa/cad_1.5_apophis_reordered.json").read_bytes()
    found = row(parsers.approaches(body, CONTEXT))
    assert (found["designation"], found["full_name"]) == ("99942", "99942 Apophis (2004 MN4)")
    assert (found["approach_date"], found["approach_at"]) == (
        date(2029, 4, 13),
        datetime(2029, 4, 13, 21, 46, tzinfo=UTC),
    )
    assert found["miss_distance_km"] == pytest.approx(38_012.7, abs=0.1)
    assert found["miss_distance_ld"] == pytest.approx(0.09889, abs=1e-5)
    assert found["miss_distance_min_au"] < found["miss_distance_au"] < found["miss_distance_max_au"]
    assert (found["velocity_km_s"], found["time_uncertainty_minutes"]) == (7.42249308586014, 1)
    assert (found["diameter_measured_km"], found["diameter_uncertainty_km"]) == (0.34, 0.04)
    assert found["absolute_magnitude"] is found["diameter_min_km"] is found["energy_max_mt"] is None
    assert (found["received_at"], found["received_date"]) == (NOW, NOW.date())


def test_the_stored_risks_mix_text_and_numbers(shared: Path) -> None:
    parsed = parsers.risks((shared / "data/nasa/sentry_2.0_summary_two.json").read_bytes(), CONTEXT)
    assert (parsed.records, parsed.refused, parsed.unknown_fields) == (2, (), frozenset())
    found = parsed.batches["neo_risks"].to_pylist()
    assert [(each["designation"], each["potential_impacts"]) for each in found] == [("1979 XB", 5), ("2000 SB45", 227)]
    assert [(each["first_year"], each["last_year"]) for each in found] == [(2056, 2113), (2068, 2118)]
    assert found[0]["impact_probability"] == 8.89646e-07


def test_the_stored_object_that_threatens_only_in_centuries_has_no_torino_scale(shared: Path) -> None:
    bennu = json.loads((shared / "data/nasa/sentry_2.0_object_bennu_part.json").read_text())["summary"]
    found = row(risk(**{name: value for name, value in bennu.items() if name in RISK}))
    assert (found["torino_max"], found["last_observed_date"]) == (None, date(2020, 10, 3))


# The envelope


@pytest.mark.parametrize(("envelope", "parse", "record"), PARSERS, ids=lambda each: getattr(each, "path", ""))
def test_no_rows_are_fine_in_either_shape(envelope: Envelope, parse: Any, record: dict[str, Any]) -> None:
    signature = {"signature": {"version": f"{envelope.version[0]}.{envelope.version[1]}"}}
    for document in (
        signature | {"count": 0},
        signature | {"count": "0", "fields": list(record), "data": []},
    ):
        parsed = parse(json.dumps(document).encode(), CONTEXT)
        assert (parsed.records, parsed.refused) == (0, ())


@pytest.mark.parametrize(("envelope", "parse", "record"), PARSERS, ids=lambda each: getattr(each, "path", ""))
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"signature": {"version": "9.0"}}, "has version 9.0, and only"),
        ({"signature": {}}, "has no signature with a version"),
        ({"signature": {"version": 1.5}}, "has no signature with a version"),
        ({"count": 2}, "announces 2 rows and holds 1"),
        ({"count": None}, "does not say how many rows"),
        ({"count": 1.0}, "does not say how many rows"),
        ({"data": None}, "holds no list of rows"),
        ({"error": "specified object removed"}, "the API says: specified object removed"),
    ],
)
def test_an_answer_that_is_not_whole_is_refused(
    envelope: Envelope, parse: Any, record: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    document = json.loads(answer(envelope, record)) | change
    [refused] = parse(json.dumps(document).encode(), CONTEXT).refused
    assert refused.reason.startswith(f"the page is broken: {reason}")


@pytest.mark.parametrize(("envelope", "parse", "record"), PARSERS, ids=lambda each: getattr(each, "path", ""))
@pytest.mark.parametrize("count", [1, "1"])
def test_the_count_may_be_text(envelope: Envelope, parse: Any, record: dict[str, Any], count: int | str) -> None:
    document = json.loads(answer(envelope, record)) | {"count": count}
    assert row(parse(json.dumps(document).encode(), CONTEXT))


def test_a_later_minor_version_is_read_and_reported() -> None:
    document = json.loads(answer(APPROACHES, PASS)) | {"signature": {"version": "1.6"}}
    parsed = parsers.approaches(json.dumps(document).encode(), CONTEXT)
    assert (parsed.refused, parsed.unknown_fields) == ((), frozenset({"signature.version 1.6"}))


def test_an_earlier_minor_version_is_not_reported() -> None:
    document = json.loads(answer(APPROACHES, PASS)) | {"signature": {"version": "1.1"}, "count": "1"}
    assert parsers.approaches(json.dumps(document).encode(), CONTEXT).unknown_fields == frozenset()


@pytest.mark.parametrize("fields", [None, ["des", "des"], [1, 2], "des"])
def test_rows_without_the_names_of_their_columns_are_refused(fields: Any) -> None:
    document = json.loads(answer(APPROACHES, PASS)) | {"fields": fields}
    [refused] = parsers.approaches(json.dumps(document).encode(), CONTEXT).refused
    assert "field" in refused.reason


def test_a_row_that_is_too_short_is_refused_alone() -> None:
    document = json.loads(answer(APPROACHES, PASS, PASS | {"des": "2010 RF12"}))
    document["data"][0].pop()
    parsed = parsers.approaches(json.dumps(document).encode(), CONTEXT)
    assert [refused.position for refused in parsed.refused] == [1]
    assert parsed.batches["neo_close_approaches"].num_rows == 1


@given(st.permutations(list(PASS)))
def test_the_order_of_the_fields_does_not_matter(names: list[str]) -> None:
    turned = answer(APPROACHES, {name: PASS[name] for name in names})
    assert row(parsers.approaches(turned, CONTEXT)) == row(approach())


@pytest.mark.parametrize(("envelope", "parse", "record"), PARSERS, ids=lambda each: getattr(each, "path", ""))
def test_a_record_from_quarantine_is_read_like_one_from_a_page(
    envelope: Envelope, parse: Any, record: dict[str, Any]
) -> None:
    assert row(parse(json.dumps([record]).encode(), CONTEXT)) == row(parse(answer(envelope, record), CONTEXT))


# Passes


def test_the_time_is_exact_and_the_day_is_its_day() -> None:
    found = row(approach(jd="2462240.407091595"))
    assert found["approach_at"] == datetime(2029, 4, 13, 21, 46, 12, 713_808, UTC)
    late = row(approach(jd="2462240.4999999", cd="2029-Apr-14 00:00"))  # rounded to the next day
    assert late["approach_date"] == date(2029, 4, 13)


@pytest.mark.parametrize(
    ("said", "minutes"), [("< 00:01", 1), ("00:01", 1), ("01:00", 60), ("13:02", 782), ("2_09:08", 3428), (None, None)]
)
def test_the_uncertainty_of_time_is_a_number(said: str | None, minutes: int | None) -> None:
    assert row(approach(t_sigma_f=said))["time_uncertainty_minutes"] == minutes


def test_sizes_and_energies_follow_from_brightness_and_speed() -> None:
    found = row(approach(h="19.09", v_inf="5.84135545611464"))
    sizes = [found[f"diameter_{which}_km"] for which in ("min", "nominal", "max")]
    assert sizes == sorted(sizes)
    assert sizes[2] / sizes[0] == pytest.approx(5**0.5)
    energies = [found[f"energy_{which}_mt"] for which in ("min", "nominal", "max")]
    assert energies[2] / energies[0] == pytest.approx(5**1.5)
    assert found["impact_velocity_km_s"] == formulas.impact_velocity_km_s(5.84135545611464)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("des", None),
        ("des", 99942),
        ("des", "Apophis"),
        ("cd", "2029-Apr-31 21:46"),
        ("cd", "2029-04-13 21:46"),
        ("cd", "2029-Avr-13 21:46"),
        ("jd", "NaN"),
        ("jd", "1e300"),
        ("jd", True),
        ("jd", "2300000.5"),
        ("dist", None),
        ("dist", "-0.1"),
        ("dist", "nan"),
        ("dist", "Infinity"),
        ("dist", "1_000"),
        ("dist", "1e999"),
        ("dist", ""),
        ("v_rel", "fast"),
        ("v_rel", "1001"),
        ("h", "-99"),
        ("t_sigma_f", "1 hour"),
        ("diameter", "0"),
        ("fullname", 7),
        ("orbit_id", ""),
    ],
)
def test_a_pass_that_breaks_the_contract_is_refused_alone(field: str, value: Any) -> None:
    parsed = parsers.approaches(answer(APPROACHES, PASS | {field: value}, PASS), CONTEXT)
    assert [refused.reason.split(":")[0] for refused in parsed.refused] == [field]
    assert parsed.batches["neo_close_approaches"].num_rows == 1


@given(st.sampled_from(list(PASS)), JSON)
def test_no_value_breaks_the_parser_of_passes(field: str, value: Any) -> None:
    parsed = parsers.approaches(answer(APPROACHES, PASS | {field: value}), CONTEXT)
    assert parsed.records == 1 == parsed.batches["neo_close_approaches"].num_rows + len(parsed.refused)


# Risks


@pytest.mark.parametrize(("said", "impacts"), [("5", 5), (227, 227)])
def test_the_number_of_impacts_may_be_text(said: Any, impacts: int) -> None:
    assert row(risk(n_imp=said))["potential_impacts"] == impacts


@pytest.mark.parametrize(("said", "torino"), [(None, None), ("0", 0), (0, 0), ("10", 10)])
def test_an_unknown_torino_scale_is_not_zero(said: Any, torino: int | None) -> None:
    assert row(risk(ts_max=said))["torino_max"] == torino


def test_the_palermo_scale_is_computed_again_only_where_all_it_needs_is_there() -> None:
    single = {"n_imp": 1, "range": "2095-2095", "ip": "0.1"}
    found = row(risk(**single))["palermo_recomputed"]
    assert found == pytest.approx(-2.97, abs=0.1)
    assert row(risk(**single | {"n_imp": 2}))["palermo_recomputed"] is None
    assert row(risk(**single | {"range": "2035-2035"}))["palermo_recomputed"] is None
    assert row(risk(**single | {"diameter": "0.0090"}))["palermo_recomputed"] is None  # measured, and so is its mass


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ip", "0"),
        ("ip", "1.1"),
        ("n_imp", "0"),
        ("n_imp", True),
        ("n_imp", "5.0"),
        ("ts_max", "11"),
        ("ts_max", "-1"),
        ("range", "2113-2056"),
        ("range", "2056"),
        ("last_obs", "yesterday"),
        ("last_obs", "2020-13-01"),
        ("ps_max", None),
        ("diameter", "0"),
    ],
)
def test_a_risk_that_breaks_the_contract_is_refused_alone(field: str, value: Any) -> None:
    parsed = parsers.risks(answer(RISKS, RISK | {field: value}, RISK), CONTEXT)
    assert [refused.reason.split(":")[0] for refused in parsed.refused] == [field]
    assert parsed.batches["neo_risks"].num_rows == 1


@given(st.sampled_from(list(RISK)), JSON)
def test_no_value_breaks_the_parser_of_risks(field: str, value: Any) -> None:
    parsed = risk(**{field: value})
    assert parsed.records == 1 == parsed.batches["neo_risks"].num_rows + len(parsed.refused)


@given(st.floats(-10, 50), st.floats(0, 1000), st.floats(1e-12, 1e6), st.floats(5e-324, 1))
def test_no_measure_is_too_large_or_small_for_the_formulas(h: float, v: float, size: float, p: float) -> None:
    parsed = risk(h=h, v_inf=v, diameter=size, ip=p, n_imp=1)
    assert parsed.records == parsed.batches["neo_risks"].num_rows
    assert approach(h=h, v_inf=v).batches["neo_close_approaches"].num_rows == 1


# Objects


@pytest.mark.parametrize(("said", "hazardous"), [("Y", True), ("N", False), (None, None)])
def test_whether_it_is_hazardous_may_be_unknown(said: str | None, hazardous: bool | None) -> None:
    parsed = parsers.objects(answer(OBJECTS, OBJECT | {"pha": said}), CONTEXT)
    assert row(parsed)["is_hazardous"] is hazardous


@pytest.mark.parametrize(
    ("field", "value"), [("pdes", ""), ("pha", "X"), ("class", None), ("albedo", "-1"), ("spkid", "x")]
)
def test_an_object_that_breaks_the_contract_is_refused_alone(field: str, value: Any) -> None:
    parsed = parsers.objects(answer(OBJECTS, OBJECT | {field: value}, OBJECT), CONTEXT)
    assert [refused.reason.split(":")[0] for refused in parsed.refused] == [field]


def test_an_unknown_field_is_reported() -> None:
    parsed = parsers.objects(answer(OBJECTS, OBJECT | {"spin": "7"}), CONTEXT)
    assert (parsed.refused, parsed.unknown_fields) == ((), frozenset({"spin"}))


@given(st.sampled_from(list(OBJECT)), JSON)
def test_no_value_breaks_the_parser_of_objects(field: str, value: Any) -> None:
    parsed = parsers.objects(answer(OBJECTS, OBJECT | {field: value}), CONTEXT)
    assert parsed.records == 1 == parsed.batches["neo_objects"].num_rows + len(parsed.refused)


@given(JSON)
def test_no_document_breaks_a_parser(document: Any) -> None:
    for _, parse, _ in PARSERS:
        parsed = parse(json.dumps(document).encode(), CONTEXT)
        [batch] = parsed.batches.values()
        assert batch.num_rows + len(parsed.refused) == parsed.records
