"""Which pictures may be shown in another form: those that NASA and its partners alone have made.

NASA's own pictures are not copyrighted, and those of Hubble and Webb may be used with credit; a person's are theirs.
https://www.nasa.gov/nasa-brand-center/images-and-media, https://esahubble.org/copyright.
"""

from __future__ import annotations

import re

# Whole names only. Others, such as ESO or a university, have terms of their own: a person decides about their pictures.
AGENCIES = frozenset(
    {"nasa", "jpl", "jpl-caltech", "gsfc", "jsc", "ksc", "msfc", "goddard space flight center", "sdo", "lro", "stsci"}
    | {"hubble", "hubble space telescope", "webb", "jwst", "james webb space telescope", "hubble heritage team"}
    | {"esa", "csa"}  # with NASA in a mission
)
BETWEEN = re.compile(r"\s*(?:[,;/&+·•|()\n]|\band\b|\bvia\b|\bwith\b)\s*", re.IGNORECASE)
LABEL = re.compile(r"^\s*(?:image\s+)?(?:credits?|copyright|©)\s*:?\s*", re.IGNORECASE)


def is_reusable(credit: str | None, copyright: str | None) -> bool:
    """Whether both name only those who let everyone use their pictures, and the credit names NASA."""
    makers = _names(credit)
    holders = _names(copyright)
    return "nasa" in makers and (makers | holders) <= AGENCIES


def _names(text: str | None) -> frozenset[str]:
    said = LABEL.sub("", text or "")
    return frozenset(filter(None, (name.strip(" .:").lower() for name in BETWEEN.split(said))))
