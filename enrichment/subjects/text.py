"""The subject that a title and an explanation name: by words, and by catalogue numbers, whose objects are known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from enrichment.subjects.record import Subject, Text, TextSubject

Catalogue = Mapping[str, Subject]  # "M31", "NGC224", "IC434" to what it is

IN_TITLE, NUMBERED, IN_EXPLANATION = 4, 5, 3
ENOUGH, AHEAD = 3, 1  # points that carry a subject, and how many more than the next one it must have

# A word counts for the first that it fits: a planetary nebula is no nebula. A title that names an object and what is
# in front of it is about the nearer of the two.
WORDS: Mapping[Subject, str] = {
    Subject.ECLIPSE: r"eclips\w*|totality|annularity|baily's beads",
    Subject.AURORA: r"auroras?|aurorae|auroral|northern lights|southern lights",
    Subject.COMET: r"comets?",
    Subject.METEOR: r"meteors?|perseids?|geminids?|leonids?|quadrantids?|fireballs?|shooting stars?",
    Subject.ASTEROID: r"asteroids?|meteoroids?|ceres|vesta|bennu|ryugu|apophis",
    Subject.PEOPLE: r"astronauts?|cosmonauts?|spacewalks?|spacewalkers?|crew",
    Subject.SPACECRAFT: r"spacecraft|spaceship|rockets?|launch\w*|rovers?|landers?|space station|iss|space shuttle|"
    r"space telescope|satellites?|starship|falcon|artemis",
    Subject.SUPERNOVA_REMNANT: r"supernova remnants?|crab nebula|veil nebula|cassiopeia a|cygnus loop",
    Subject.PLANETARY_NEBULA: r"planetary nebulae?|planetary nebula's|ring nebula|helix nebula|dumbbell nebula|"
    r"cat's eye nebula|butterfly nebula",
    Subject.GLOBULAR_CLUSTER: r"globular (?:star )?clusters?|globulars?|omega centauri|47 tuc\w*",
    Subject.OPEN_CLUSTER: r"open (?:star )?clusters?|pleiades|hyades|star clusters?",
    Subject.GALAXY: r"galax(?:y|ies)|galactic|andromeda|magellanic clouds?|whirlpool|sombrero",
    Subject.NEBULA: r"nebulae?|nebulas|nebula's|star[- ]forming regions?|molecular clouds?|dust clouds?|dark clouds?|"
    r"pillars of creation|horsehead",
    Subject.SUN: r"sun|sunspots?|sun's|solar (?:flares?|prominences?|corona|surface|disk)",
    Subject.MOON: r"moon|moon's|lunar|moonrise|moonset|mare \w+",
    Subject.PLANET: r"mercury|venus|mars|martian|jupiter|jovian|saturn|uranus|neptune|pluto|planets?|exoplanets?",
    Subject.EARTH: r"earth|earth's|earthrise|hurricanes?|volcano\w*",
    Subject.NIGHT_SKY: r"milky way|night sk(?:y|ies)|star trails?|startrails?|zodiacal light|airglow|constellations?",
}
PATTERNS = {subject: re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) for subject, words in WORDS.items()}
# Not the object that the words name elsewhere.
MISLEADING = re.compile(
    r"light pillars?|milky way galaxy|our galaxy|home galaxy|galactic (?:plane|center|centre)", re.I
)
NUMBER = re.compile(r"(?<!\w)(M|Messier|NGC|IC)[ -]?(\d{1,4})(?!\w)")
# Every second explanation mentions these, as a place to look from or at.
MENTIONED = frozenset({Subject.EARTH, Subject.SUN, Subject.NIGHT_SKY})
FOREGROUND = frozenset({Subject.ECLIPSE, Subject.AURORA, Subject.COMET, Subject.METEOR, Subject.PEOPLE})


def subject_of(text: Text, catalogue: Catalogue | None = None) -> TextSubject:
    """What the text is about; None where that is not clear."""
    points: Counter[Subject] = Counter()
    evidence: dict[Subject, str] = {}
    _count_words(text, points, evidence)
    _count_numbers(text, catalogue or {}, points, evidence)
    ranked = points.most_common(2)
    if not ranked or ranked[0][1] < ENOUGH:
        return TextSubject(subject=None, evidence=None)
    (best, most), *others = ranked
    if others and most - others[0][1] < AHEAD:
        return TextSubject(subject=None, evidence=None)
    return TextSubject(subject=best, evidence=evidence[best])


def _count_words(text: Text, points: Counter[Subject], evidence: dict[Subject, str]) -> None:
    """The title counts most, and in it what stands in front; words of the explanation count up to thrice."""
    title, explanation = MISLEADING.sub(" ", text.title), MISLEADING.sub(" ", text.explanation)
    is_taken = False
    for subject, pattern in PATTERNS.items():
        in_title, repeated = pattern.search(title), pattern.findall(explanation)
        if found := in_title or pattern.search(explanation):
            evidence[subject] = found[0]
        if in_title and not is_taken:
            points[subject] += IN_TITLE
            is_taken = subject in FOREGROUND
        title, explanation = pattern.sub(" ", title), pattern.sub(" ", explanation)
        points[subject] += min(1 if subject in MENTIONED else IN_EXPLANATION, len(repeated))


def _count_numbers(text: Text, catalogue: Catalogue, points: Counter[Subject], evidence: dict[Subject, str]) -> None:
    """The object of a number in the title; of one in the explanation, if it is the only object that is named."""
    in_title = {name: catalogue[name] for name in _names(text.title) if name in catalogue}
    in_explanation = {name: catalogue[name] for name in _names(text.explanation) if name in catalogue}
    for names, weight in ((in_title, NUMBERED), (in_explanation, 1)):
        if len(set(names.values())) == 1:
            name, subject = next(iter(names.items()))
            points[subject] += weight
            evidence[subject] = re.sub(r"(?<=[A-Z])(?=\d)", " ", name)


def _names(text: str) -> list[str]:
    return [f"{'M' if kind[0] == 'M' else kind}{int(number)}" for kind, number in NUMBER.findall(text)]
