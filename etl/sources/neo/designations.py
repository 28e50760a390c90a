"""One name for each object, however an API writes it."""

from __future__ import annotations

import re

NUMBERED = re.compile(r"0*([1-9]\d*)(?: [^\d(]+)?(?: ?\(.+\))?")  # 29075, 29075 (1950 DA), 99942 Apophis (2004 MN4)
PROVISIONAL = re.compile(r"(?:(?:\d{4}|A\d{3}) [A-Z]{1,2}\d*|\d{4} (?:P-L|T-[1-3]))(?= \(|$)")  # 2007 JZ20, 2040 P-L
NUMBERED_COMET = re.compile(r"0*([1-9]\d*[PDI](?:-[A-Z]\w*)?)(?:/.+)?")  # 1P/Halley, 73P-C
COMET = re.compile(r"([PCDXAI]/(?:\d{4}|A\d{3}) [A-Z]{1,2}\d*(?:-[A-Z]\w*)?)(?: \(.+\))?")  # P/2016 BA14 (PANSTARRS)


def normalised(name: str) -> str:
    """The designation in a name: the number of an object that has one, otherwise its provisional designation.

    Raises: ValueError if there is none.
    """
    text = " ".join(name.split())
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if found := PROVISIONAL.match(text):  # first: the year in it is not an object's number
        return found[0]
    for form in (NUMBERED, NUMBERED_COMET, COMET):
        if found := form.fullmatch(text):
            return found[1]
    raise ValueError("is not the designation of an asteroid or comet")
