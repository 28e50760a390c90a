"""The pictures that mosaics are made of. Only what may be reused is."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Picture:
    """A picture and what has to be said with it; `read` returns it as a file, not much smaller than the side asked for.

    Whether it may be reused is for the source to say; as long as nobody has, it may not.
    """

    title: str
    read: Callable[[int], bytes]
    date: str = ""
    credit: str = ""
    link: str = ""
    is_reusable: bool = False


class Pool(Protocol):
    """Some pictures, in an order that is the same as long as the state is."""

    @property
    def state(self) -> str:
        """A short text that changes when the pictures do."""

    @property
    def pictures(self) -> Sequence[Picture]:
        """All of them, also those that may not be reused."""


def state_of(*parts: str | bytes) -> str:
    """Return what a state may be: a hash of everything that makes the pictures what they are."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode() if isinstance(part, str) else part
        digest.update(len(encoded).to_bytes(8) + encoded)
    return digest.hexdigest()[:16]
