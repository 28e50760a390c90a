"""What objects are, by their numbers: OpenNGC (CC BY-SA 4.0), from the package pyongc."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from enrichment.subjects.record import Subject

KINDS = {
    "G": Subject.GALAXY,
    "GPair": Subject.GALAXY,
    "GTrpl": Subject.GALAXY,
    "GGroup": Subject.GALAXY,
    "GCl": Subject.GLOBULAR_CLUSTER,
    "OCl": Subject.OPEN_CLUSTER,
    "PN": Subject.PLANETARY_NEBULA,
    "SNR": Subject.SUPERNOVA_REMNANT,
    "HII": Subject.NEBULA,
    "EmN": Subject.NEBULA,
    "RfN": Subject.NEBULA,
    "Neb": Subject.NEBULA,
    "DrkN": Subject.NEBULA,
    "Cl+N": Subject.NEBULA,
}


def catalogue() -> dict[str, Subject]:
    """Every Messier, NGC and IC number whose object has a subject, such as M31, NGC224, IC434."""
    import pyongc

    with sqlite3.connect(f"file:{pyongc.DBPATH}?mode=ro", uri=True) as database:
        rows = database.execute("select name, type, messier from objects order by name").fetchall()
        others = database.execute("select identifier, name from objIdentifiers order by identifier").fetchall()
    kinds = {name: KINDS[kind] for name, kind, _ in rows if kind in KINDS}
    found: dict[str, Subject] = {}
    for name, kind, messier in rows:
        if kind in KINDS:
            found |= dict.fromkeys((*_key(name), *_key(f"M{messier}" if messier else "")), KINDS[kind])
    for identifier, name in others:
        if name in kinds:
            found |= dict.fromkeys(_key(identifier), kinds[name])
    return dict(sorted(found.items()))


def _key(name: str) -> Iterator[str]:
    """`NGC0224` as texts say it, NGC224; nothing for parts of objects, such as NGC0061A, and other catalogues."""
    for prefix in ("NGC", "IC", "M"):
        number = name.removeprefix(prefix).strip()
        if name.startswith(prefix) and number.isdigit():
            yield f"{prefix}{int(number)}"
            return
