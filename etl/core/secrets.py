"""What must not be kept or printed, replaced by `***`: in what comes of a request, and in all that we say."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"
SECRET = re.compile(r"key$|token|secret|passw|credential|signature", re.IGNORECASE)
# As in `?apikey=…`, `password=…` and `"apiKey": "…"`; and as in `https://user:…@host`.
ASSIGNED = re.compile(
    r"""((?:key|token|secret|passw(?:or)?d|credential|signature)(?:=["']?|["']\s*:\s*["']))([^\s"'&,;}]+)""",
    re.IGNORECASE,
)
LOGIN = re.compile(r"(://)([^/\s@:]*:[^\s@]*|[^/\s@]*)(@)")  # a careless password may hold a slash
SHORTEST = 8  # a shorter one may be any word


def without_secrets(text: str) -> str:
    """What may be printed or kept of the text: no secret of the environment, in whatever form."""
    return _masking(frozenset(_in_environment())).text(text)


def message_without_secrets(text: str) -> str:
    """The same of words of our own or a library's, where what merely looks like a secret counts as well."""
    return without_secrets(LOGIN.sub(rf"\1{MASK}\3", ASSIGNED.sub(rf"\1{MASK}", text)))


def _in_environment() -> Iterator[str]:
    """What is secret by its variable's name, or in its value's text; the name of a file or of a user is not."""
    users = (os.environ.get("PGUSER"), "postgres")
    for name, value in os.environ.items():
        found = [value] if SECRET.search(name) else []
        found += [each for _, each in ASSIGNED.findall(value)]
        found += [login.partition(":")[2] or login for _, login, _ in LOGIN.findall(value)]
        for each in found:
            # Path.exists raises an error for what is too long to be a file's name, such as a session token of AWS.
            if len(each) >= SHORTEST and each not in users and not os.path.exists(each):  # noqa: PTH110
                yield from (each, unquote(each))


@cache
def _masking(secrets: frozenset[str]) -> Masking:
    return Masking(secrets)


class Masking:
    """Knows the secrets of one API, in every form in which an API may repeat them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        longest_first = sorted(filter(None, secrets), key=len, reverse=True)
        self._secret = re.compile(b"|".join(map(_pattern, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        return self.body(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def body(self, body: bytes) -> bytes:
        """Some APIs repeat the URL that they were asked, with its key, in their answer."""
        return self._secret.sub(MASK.encode(), body) if self._secret else body

    def url(self, url: str) -> str:
        """The URL without known secrets and without what looks like one by its name."""
        where, mark, query = url.partition("?")
        shown = [_masked(each) for each in query.split("&")] if query else []
        return self.text(f"{where}{mark if query else ''}{'&'.join(shown)}")


def _masked(param: str) -> str:
    name, equals, _ = param.partition("=")
    return f"{name}={MASK}" if equals and SECRET.search(unquote_plus(name)) else param


def _pattern(secret: str) -> bytes:
    """Matches a secret of which each character may be encoded or not, as servers do to some and not to others."""
    return b"".join(b"(?:" + b"|".join(map(_either_case, sorted(_forms(each)))) + b")" for each in secret)


def _forms(character: str) -> set[str]:
    encoded = "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
    in_json = json.dumps(character)[1:-1]
    escaped = {f"\\u{ord(character):04x}", f"\\{character}"} if ord(character) < 0x10000 else set()
    return {character, quote_plus(character), encoded, quote(encoded), in_json, html.escape(character), *escaped}


def _either_case(form: str) -> bytes:
    """Hexadecimal digits may be of either case; the characters themselves may not."""
    pattern = re.escape(form.encode("utf-8", "surrogatepass"))
    return b"(?i:" + pattern + b")" if len(form) > 1 else pattern
