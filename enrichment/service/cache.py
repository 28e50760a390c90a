"""Remembers what was said about the pictures that were asked about last."""

from collections import OrderedDict

from enrichment.subjects.record import Description


class Cache:
    """Descriptions by the hash of their bytes; the one that nobody asked about for longest is forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, Description] = OrderedDict()

    def get(self, sha256: str) -> Description | None:
        if found := self._known.get(sha256):
            self._known.move_to_end(sha256)
        return found

    def put(self, description: Description) -> None:
        self._known[description.facts.sha256] = description
        while len(self._known) > self._most:
            self._known.popitem(last=False)
