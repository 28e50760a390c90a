"""How an API lets us in. A key is added to a request as it leaves, after its URL was noted."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.core.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import SecretStr


class Auth:
    """What is added to each request; `secrets` are the texts that must be kept nowhere.

    `hint` is what to do when the API does not let us in.
    """

    hint: str = "Check the credentials for this API in `etl settings`."

    def missing(self) -> ConfigError | None:
        """What must be set before the API can be asked at all; None: nothing."""
        return None

    def headers(self) -> Mapping[str, str]:
        return {}

    def params(self) -> Mapping[str, str]:
        return {}

    def secrets(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class NoAuth(Auth):
    """An API that lets everyone in."""


NO_AUTH = NoAuth()


@dataclass(frozen=True)
class MissingKey(Auth):
    """An API that needs a key, which nobody has set; `hint` says where to get one, and `api` what it opens."""

    api: str
    setting: str
    hint: str

    def missing(self) -> ConfigError:
        return ConfigError(f"{self.api} needs a key, and {self.setting} is not set.", hint=self.hint)


@dataclass(frozen=True)
class QueryKey(Auth):
    """A key in the query, such as `?apikey=…`."""

    param: str
    key: SecretStr
    hint: str = Auth.hint

    def params(self) -> Mapping[str, str]:
        return {self.param: self.key.get_secret_value()}

    def secrets(self) -> tuple[str, ...]:
        return (self.key.get_secret_value(),)


@dataclass(frozen=True)
class HeaderKey(Auth):
    """A key in a header, such as `X-Api-Key: …`; `prefix` is what stands before it, such as `Bearer `."""

    header: str
    key: SecretStr
    prefix: str = ""
    hint: str = Auth.hint

    def headers(self) -> Mapping[str, str]:
        return {self.header: self.prefix + self.key.get_secret_value()}

    def secrets(self) -> tuple[str, ...]:
        return (self.key.get_secret_value(),)


@dataclass(frozen=True)
class BasicAuth(Auth):
    """A user and a password."""

    user: str
    password: SecretStr

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Basic {self._encoded()}"}

    def secrets(self) -> tuple[str, ...]:
        return self.password.get_secret_value(), self._encoded()

    def _encoded(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password.get_secret_value()}".encode()).decode()
