"""What a JPEG's markers say about the effort of decoding it."""

from typing import NamedTuple

SOS, SOF = 0xDA, frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC9})
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without content


class Effort(NamedTuple):
    """How often the decoder goes over the picture, and whether it can do so without holding all of it."""

    scans: int
    is_streamed: bool


def effort(data: bytes) -> Effort:
    """Read the markers up to the first scan. What does not follow the format counts as not streamed."""
    at, frame, components = 2, 0, 0
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF or marker in ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        content = at + 4
        if marker in SOF and content + 6 <= len(data):
            frame, components = marker, data[content + 5]
        if marker == SOS and content < len(data):
            is_streamed = frame in SEQUENTIAL and data[content] == components
            return Effort(data.count(b"\xff\xda", at), is_streamed)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return Effort(data.count(b"\xff\xda"), is_streamed=False)
