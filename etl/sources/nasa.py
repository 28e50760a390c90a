"""api.nasa.gov: one key and one budget for all that is read there."""

from __future__ import annotations

from collections.abc import Callable

from etl.core.api import Api, Client, Limit
from etl.core.auth import Auth, MissingKey, QueryKey
from etl.settings import NasaSettings

SETTING = "ETL_NASA__API_KEY"
GET_ONE = (
    f"Get a free key at https://api.nasa.gov, set {SETTING} to it, and run the same command again; "
    "DEMO_KEY will do for 30 requests an hour and 50 a day."
)
CHECK_IT = f"Compare {SETTING} with the key that https://api.nasa.gov sent you, or get another one there."
DEMO_KEY = "DEMO_KEY"
DEMO_LIMITS = (Limit(30, 3600, "hour"), Limit(50, 86_400, "day"))  # for each IP address


def make_api(settings: NasaSettings, base_url: str, probe: Callable[[Client], str]) -> Api:
    """The API as the source at `base_url` reads it. `name` is the same for all of them: so they share the budget."""
    limits = DEMO_LIMITS if is_demo(settings) else (Limit(settings.requests_per_hour, 3600, "hour", is_spread=True),)
    return Api("api.nasa.gov", base_url, probe=probe, auth=_auth(settings), limits=limits)


def is_demo(settings: NasaSettings) -> bool:
    """Whether the key is the one that everybody may use, a little."""
    return settings.api_key is not None and settings.api_key.get_secret_value() == DEMO_KEY


def _auth(settings: NasaSettings) -> Auth:
    if settings.api_key is None:
        return MissingKey("api.nasa.gov", SETTING, hint=GET_ONE)
    return QueryKey("api_key", settings.api_key, hint=CHECK_IT)
