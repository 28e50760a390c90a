"""Subjects by text: what a title and an explanation name, and nothing where they do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from enrichment.subjects.describe import NoModel, with_text
from enrichment.subjects.record import Description, ImageSubject, Subject, Text
from enrichment.subjects.text import subject_of

CATALOGUE = {
    "M1": Subject.SUPERNOVA_REMNANT,
    "NGC1952": Subject.SUPERNOVA_REMNANT,
    "M31": Subject.GALAXY,
    "IC434": Subject.NEBULA,
}


@pytest.mark.parametrize(
    ("title", "explanation", "subject", "evidence"),
    [
        ("Comet 12P near a galaxy", "", Subject.COMET, "Comet"),
        ("Aurora and Light Pillars", "", Subject.AURORA, "Aurora"),
        ("The Whirlpool Galaxy", "Stars, dust and two galaxies.", Subject.GALAXY, "Whirlpool"),
        ("M 1", "", Subject.SUPERNOVA_REMNANT, "M 1"),
        ("Messier 31 over a lake", "", Subject.GALAXY, "M 31"),
        ("NGC1952 in infrared", "", Subject.SUPERNOVA_REMNANT, "NGC 1952"),
        ("The Horsehead", "Dark dust before IC 434, a nebula.", Subject.NEBULA, "IC 434"),
        ("Eclipse of the Moon", "The Moon in the shadow of Earth.", Subject.ECLIPSE, "Eclipse"),
        ("Globular Cluster 47 Tucanae", "", Subject.GLOBULAR_CLUSTER, "Globular Cluster"),
        ("A Planetary Nebula", "", Subject.PLANETARY_NEBULA, "Planetary Nebula"),
        ("", "", None, None),
        ("A view", "Seen from Earth, the Sun is far away. Earth, Earth, the Sun, the Sun.", None, None),
        ("M 9999", "", None, None),
        ("Mall 31", "The M31 motorway", None, None),
    ],
)
def test_a_text_names_a_subject_or_none(
    title: str, explanation: str, subject: Subject | None, evidence: str | None
) -> None:
    found = subject_of(Text(title=title, explanation=explanation), CATALOGUE)
    assert found.subject == subject
    if evidence:
        assert found.evidence == evidence


def test_a_word_within_another_does_not_count() -> None:
    assert subject_of(Text(title="The Sunflower in Marseille; unearthed, moonlit")).subject is None


def test_without_a_catalogue_a_number_says_nothing() -> None:
    assert subject_of(Text(title="M 31")).subject is None


def test_most_of_two_weeks_of_nasas_pictures_are_named_as_a_reader_would(shared: Path) -> None:
    """The thirteen that were read: what they are about, and null where a careful reader has to look."""
    expected = {
        "2022-02-01": "moon",
        "2022-02-02": None,
        "2022-02-03": None,
        "2022-02-04": "planet",
        "2022-02-05": None,
        "2022-02-06": "earth",
        "2022-02-07": "galaxy",
        "2022-02-08": "aurora",
        "2022-02-09": None,
        "2022-02-10": "nebula",
        "2022-02-11": "galaxy",
        "2022-02-12": "aurora",
        "2022-02-13": "earth",
    }
    days = json.loads((shared / "data" / "nasa" / "apod_2022-02-01_2022-02-13_thumbs.json").read_text())
    assert {
        day["date"]: subject_of(Text(title=day["title"], explanation=day["explanation"])).subject for day in days
    } == expected


@pytest.mark.parametrize(
    ("seen", "title", "agree"),
    [
        (Subject.GALAXY, "A galaxy", True),
        (Subject.NEBULA, "A galaxy", False),
        (None, "A galaxy", None),
        (Subject.GALAXY, "A comet", None),
        (Subject.GALAXY, "", None),
    ],
)
def test_subjects_are_compared_only_where_both_are_known_and_the_model_knows_both(
    seen: Subject | None, title: str, agree: bool | None
) -> None:
    class Model(NoModel):
        knows = frozenset({Subject.GALAXY, Subject.NEBULA})

    by_image = ImageSubject(subject=seen, confidence=0.9, model_version="1", reason=None)
    facts = json.loads((Path(__file__).parent / "golden" / "facts.json").read_text())["galaxy.png"]
    before = Description(facts=facts, subject_by_image=by_image, subject_by_text=None, subjects_agree=None)
    assert with_text(before, Text(title=title), Model()).subjects_agree is agree
