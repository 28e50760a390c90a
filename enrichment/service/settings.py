"""Every setting of the service, typed, from the environment: `ENRICHMENT_<NAME>`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "ENRICHMENT_"
KEY = re.compile(r"([a-z0-9][a-z0-9-]{0,30}):([0-9a-f]{64})")
MAKE_A_KEY = "Make a key: python -m enrichment.service key NAME"


class SettingsError(Exception):
    """A setting is missing or wrong: what, and what to do."""

    def __init__(self, message: str, *, hint: str) -> None:
        self.message, self.hint = message, hint
        super().__init__(message)


def _keys(value: object) -> object:
    if not isinstance(value, str):
        return value
    entries = [part for part in re.split(r"[\s,]+", value) if part]
    found = {match[1]: match[2] for entry in entries if (match := KEY.fullmatch(entry))}
    if len(found) != len(entries):
        raise ValueError("should be NAME:HASH of each key, with different names, separated by commas")
    return found


def _at_least_one(value: dict[str, str]) -> dict[str, str]:
    if not value:
        raise ValueError("should hold at least one key: without, everybody could ask")
    return value


class Settings(BaseSettings):
    """The whole of them, read once."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    keys: Annotated[dict[str, str], NoDecode, BeforeValidator(_keys), AfterValidator(_at_least_one)] = Field(
        description="Who may ask: NAME:HASH of each key, separated by commas. No caller could use a hash as a key."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8090, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(default=2, ge=1, le=64, description="Pictures that are worked on at the same time.")
    waiting: int = Field(default=8, ge=0, le=1000, description="Pictures that may wait for a worker.")
    held_bytes: int = Field(
        default=160_000_000, ge=64_000_000, description="Bytes of all bodies that are received, waiting or worked on."
    )
    send_seconds: float = Field(default=15, gt=0, le=600, description="Seconds that sending a body may take.")
    connections: int = Field(default=512, ge=8, le=65_536, description="Connections at the same time.")
    cached: int = Field(default=2_000, ge=0, le=1_000_000, description="Descriptions that are remembered.")
    model: Path | None = Field(default=None, description="Folder of the model. Without it, subjects stay unknown.")
    log_format: Literal["json", "text"] = Field(default="json", description="json or text.")


def load() -> Settings:
    """Read them. Raises: SettingsError, naming each variable that is unknown, missing or wrong."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    if unknown:
        raise SettingsError(f"Unknown setting: {', '.join(unknown)}.", hint=f"There are {', '.join(sorted(known))}.")
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        raise _error(error) from error


def _error(error: ValidationError) -> SettingsError:
    wrong = {str(one["loc"][0]).removeprefix(PREFIX).lower(): one for one in error.errors()}
    reasons = "; ".join(
        f"{PREFIX}{name.upper()} "
        + ("is not set" if one["type"] == "missing" else one["msg"].removeprefix("Value error, "))
        for name, one in wrong.items()
    )
    hint = MAKE_A_KEY if "keys" in wrong else f"{PREFIX}{next(iter(wrong)).upper()}: see its description in settings.py"
    return SettingsError(f"The service cannot start: {reasons}.", hint=f"{hint}.")
