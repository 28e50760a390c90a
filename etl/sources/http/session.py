"""A session of `requests` that keeps an API's key to that API, and asks this machine without a proxy."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlsplit, urlunsplit

import requests
from requests.utils import get_environ_proxies, select_proxy

from etl.core.auth import Auth
from etl.core.secrets import Masking


class ApiSession(requests.Session):
    """Adds the key to each request as it leaves, and to redirects that stay with the API; to no other."""

    def __init__(self, base_url: str, auth: Auth) -> None:
        super().__init__()
        self.headers["User-Agent"] = "data-platform-etl"
        self._base_url = base_url
        self._key = auth
        if auth.headers() or auth.params():
            self.auth = self._let_in  # else one in ~/.netrc counts

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        url = str(prepared_request.url)
        if not self.should_strip_auth(self._base_url, url):  # type: ignore[no-untyped-call]
            self._let_in(prepared_request)
            return
        for name in self._key.headers():
            prepared_request.headers.pop(name, None)
        url = with_params(url, dict.fromkeys(self._key.params()))
        prepared_request.url = Masking(self._key.secrets()).text(url)  # the API may have put it anywhere

    def rebuild_proxies(
        self, prepared_request: requests.PreparedRequest, proxies: MutableMapping[str, str] | None
    ) -> MutableMapping[str, str]:
        found: MutableMapping[str, str] = super().rebuild_proxies(prepared_request, proxies)  # type: ignore[no-untyped-call]
        return {} if is_loopback(str(prepared_request.url)) else found

    def merge_environment_settings(
        self, url: str | bytes | None, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        return {**settings, "proxies": {}} if is_loopback(str(url)) else settings

    def _let_in(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._key.headers())
        if self._key.params():
            request.url = with_params(str(request.url), self._key.params())
        return request


def with_params(url: str, params: Mapping[str, str | None]) -> str:
    """The URL with these parameters instead of any of the same name; None removes one."""
    parts = urlsplit(url)
    kept = [each for each in parts.query.split("&") if each and unquote_plus(each.partition("=")[0]) not in params]
    added = [f"{quote_plus(name)}={quote_plus(value)}" for name, value in params.items() if value is not None]
    return urlunsplit(parts._replace(query="&".join(kept + added)))


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine, which no proxy can reach for us."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def has_proxy(url: str) -> bool:
    """Whether the environment sends a request to the URL through a proxy."""
    return not is_loopback(url) and select_proxy(url, get_environ_proxies(url)) is not None
