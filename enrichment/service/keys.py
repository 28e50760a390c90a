"""Who may ask. Only hashes of keys are known here; keys are random and long, so that a plain hash suffices."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader

from enrichment.web.problems import Problem

HEADER = "X-API-Key"
header = APIKeyHeader(name=HEADER, auto_error=False, description="A key that the service knows the hash of.")


def new() -> str:
    """A key that nobody can guess."""
    return secrets.token_urlsafe(32)


def hashed(key: str) -> str:
    """What the service stores of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def whose(key: str, known: Mapping[str, str]) -> str | None:
    """The name of a key; the time it takes says nothing about the keys that there are."""
    given = hashed(key)
    names = [name for name, expected in known.items() if hmac.compare_digest(given, expected)]
    return names[0] if names else None


def caller(request: Request, key: Annotated[str | None, Security(header)]) -> str:
    """The name of the key that a request came with: the dependency of every route that is not for everybody."""
    name = whose(key, request.app.state.parts.settings.keys) if key else None
    if name is None:
        raise Problem(
            401,
            "key",
            "There is no key, or not a valid one." if key is None else "The key is not valid.",
            hint=f"Send a key in the header {HEADER}.",
            headers={"WWW-Authenticate": f'ApiKey header="{HEADER}"'},
        )
    request.scope["caller"] = name
    return name
