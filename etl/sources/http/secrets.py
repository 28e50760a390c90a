"""What must not be kept or printed, replaced by `***` in whatever comes of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote_plus

MASK = "***"
SECRET = re.compile(r"key$|token|secret|passw|credential|signature", re.IGNORECASE)


class Masking:
    """Knows the secrets of one API, in every form in which an API may repeat them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)

    def text(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def body(self, body: bytes) -> bytes:
        """Some APIs repeat the URL that they were asked, with its key, in their answer."""
        for form in self._forms:
            body = body.replace(form.encode(), MASK.encode())
        return body

    def url(self, url: str) -> str:
        """The URL without known secrets and without what looks like one by its name."""
        where, mark, query = url.partition("?")
        shown = [_masked(each) for each in query.split("&")] if query else []
        return self.text(f"{where}{mark if query else ''}{'&'.join(shown)}")


def _masked(param: str) -> str:
    name, equals, _ = param.partition("=")
    return f"{name}={MASK}" if equals and SECRET.search(unquote_plus(name)) else param


def _forms(secret: str) -> set[str]:
    in_json = json.dumps(secret)[1:-1]
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), in_json, in_json.replace("/", "\\/")}
