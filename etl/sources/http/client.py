"""The one HTTP client: explicit timeouts, retries bounded by count and time, cacheable answers kept."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import requests
import stamina
import urllib3

from etl.core.errors import AccessError, ConfigError, SourceContractError, SourceUnavailableError, SourceWithdrawnError
from etl.core.source import Answer, Limit
from etl.sources.records import BrokenPageError, parse_json
from etl.telemetry import metrics
from etl.telemetry.logs import log

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
NO_ACCESS = frozenset({401, 403, 407})
GONE = frozenset({404, 410})
NUMBER = re.compile(r"[0-9]{1,18}")  # Python itself refuses to read thousands of digits
SECRET = re.compile(r"key$|token|secret|passw|credential|signature", re.IGNORECASE)
QUERY = re.compile(r"\?[^\s'\"]*")
ERROR_BYTES = 4_000  # of an error's text that are read; its reason may stand behind a long list
ERROR_CHARACTERS = 200  # of its reason that are told
LATER = "Wait a little and run the same command again: what was received is kept."


@dataclass(frozen=True)
class Patience:
    """How long to wait for what; all in seconds but `attempts`."""

    connect_s: float = 5
    read_s: float = 30
    attempts: int = 6
    retry_s: float = 90
    wait_s: float = 0.5


class Spender(Protocol):
    """Who says when an API may be asked; `etl.state.budget.Budget` is the real one."""

    def spend(self, weight: float) -> None:
        """Wait until a request of that weight is admitted, and enter it."""
        ...

    def left(self) -> list[tuple[Limit, float]]:
        """What may be spent of each limit just now."""
        ...


@dataclass
class Outcome:
    """How one request ended: with an HTTP status, with `no_answer`, or `broken`: with one that was cut or no JSON."""

    word: str = "no_answer"
    is_kept: bool = False


class HttpClient:
    """Asks one API, that of the named source, within its budget if it has one. Use as a context manager."""

    def __init__(
        self,
        source: str,
        base_url: str,
        patience: Patience,
        cache: Path | None = None,
        budget: Spender | None = None,
    ) -> None:
        self.source = source
        self.base_url = base_url.rstrip("/")
        self.host = urlsplit(base_url).netloc
        self.patience = patience
        self._session = _session(cache)
        self._budget = budget

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, path: str, params: Mapping[str, str] | None = None, *, weight: float = 1) -> Answer:
        """GET a JSON document. Answers that the API declares cacheable are not asked for twice, and cost nothing then.

        Each try spends `weight`. The answer's URL is whole, with what looks like a secret masked; errors name no query.
        Raises: SourceUnavailableError, SourceContractError, SourceWithdrawnError, AccessError.
        """
        return self._ask("GET", path, weight, params=params)

    def post(self, path: str, document: Mapping[str, Any], *, weight: float = 1) -> Answer:
        """POST a query (not a change) and read the JSON answer; spends and raises as `get` does."""
        return self._ask("POST", path, weight, json=document)

    def left(self) -> list[tuple[Limit, float]]:
        return [] if self._budget is None else self._budget.left()

    def _ask(self, method: str, path: str, weight: float, **content: Any) -> Answer:
        patience, url = self.patience, f"{self.base_url}{path}"
        self._spend(weight, method, url, content)  # the time of the tries begins when it may be asked
        deadline = time.monotonic() + patience.retry_s
        for attempt in stamina.retry_context(
            on=partial(_seconds_to_wait, deadline=deadline),
            attempts=patience.attempts,
            timeout=patience.retry_s,
            wait_initial=patience.wait_s,
            wait_max=max(10.0, patience.wait_s),
            wait_jitter=patience.wait_s,
        ):
            if attempt.num > 1:
                metrics.REQUEST_RETRIES.send(1, source=self.source)
                log.info("asking again", method=method, path=path, attempt=attempt.num)
                content["headers"] = {"Cache-Control": "no-cache"}  # what was broken may be what was kept
                self._spend(weight, method, url, content)  # outside of the try: a spent budget is not tried again
            with attempt:
                return self._ask_once(method, url, content)
        raise AssertionError("stamina either returns or raises")

    def _spend(self, weight: float, method: str, url: str, content: dict[str, Any]) -> None:
        if self._budget is not None and not self._is_kept(method, url, content):
            self._budget.spend(weight)

    def _is_kept(self, method: str, url: str, content: dict[str, Any]) -> bool:
        """Whether the cache will answer; it looks for itself once more, as it has no way to ask for leave."""
        controller = getattr(self._session.get_adapter(url), "controller", None)
        if controller is None or method != "GET":
            return False
        with _translated(self.host, url):
            kept = controller.cached_request(self._session.prepare_request(requests.Request(method, url, **content)))
        if not kept:
            return False
        kept.close()
        return True

    def _ask_once(self, method: str, url: str, content: dict[str, Any]) -> Answer:
        with self._measured() as outcome:
            response, body = self._receive(method, url, content, outcome)
            document = _document(response, body, url)
            outcome.word = str(response.status_code)
        return Answer(_whole(url, content.get("params")), response.status_code, body, document, datetime.now(UTC))

    def _receive(
        self, method: str, url: str, content: dict[str, Any], outcome: Outcome
    ) -> tuple[requests.Response, bytes]:
        deadline = time.monotonic() + self.patience.read_s
        with (
            _translated(self.host, url),
            self._session.request(
                method, url, timeout=(self.patience.connect_s, self.patience.read_s), stream=True, **content
            ) as response,
            self._no_longer_than(deadline, response),
        ):
            outcome.is_kept = getattr(response, "from_cache", False)
            outcome.word = str(response.status_code)
            if not outcome.is_kept:
                self._tell_quota(response)
            _raise_for_status(response, url)
            outcome.word = "broken"
            return response, response.content

    @contextmanager
    def _measured(self) -> Iterator[Outcome]:
        """Tell how long the API took, whatever came of it; what the cache had kept is no answer of the API."""
        outcome, begin = Outcome(), time.monotonic()
        try:
            yield outcome
        finally:
            if not outcome.is_kept:
                taken = time.monotonic() - begin
                metrics.REQUEST_DURATION.send(taken, source=self.source, outcome=outcome.word)

    def _tell_quota(self, response: requests.Response) -> None:
        left = _quota_left(response.headers.get("X-RateLimit-Remaining"), response.headers.get("X-RateLimit-Limit"))
        if left is not None:
            metrics.SOURCE_QUOTA.send(left, source=self.source)

    @contextmanager
    def _no_longer_than(self, deadline: float, response: requests.Response) -> Iterator[None]:
        """Hang up on a trickle of bytes, which `requests` alone would let last for ever."""
        timer = threading.Timer(deadline - time.monotonic(), _hang_up, [response])
        timer.daemon = True
        timer.start()
        try:
            yield
        except requests.RequestException:
            if time.monotonic() < deadline:
                raise
        finally:
            timer.cancel()
        if time.monotonic() >= deadline:
            raise SourceUnavailableError(
                f"{self.host} answers too slowly: not done after {self.patience.read_s:g} s.", hint=LATER
            )


def _session(cache: Path | None) -> requests.Session:
    session = requests.Session()
    session.headers["Accept"] = "application/json"
    session.headers["User-Agent"] = "data-platform-etl"
    if cache is not None:
        from cachecontrol import CacheControlAdapter
        from cachecontrol.caches import FileCache

        adapter = CacheControlAdapter(cache=FileCache(str(cache)))  # one file an entry: whole or not there
        session.mount("http://", adapter)
        session.mount("https://", adapter)
    return session


@contextmanager
def _translated(host: str, url: str) -> Iterator[None]:
    """Turn errors of `requests` and of its cache into ours, once, here."""
    try:
        yield
    except (requests.ConnectionError, requests.Timeout) as error:
        raise SourceUnavailableError(f"{host} does not answer: {_reason(error)}.", hint=LATER) from error
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as error:
        raise SourceUnavailableError(f"{url} broke off in the middle of its answer.", hint=LATER) from error
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise ConfigError(
            f"{url} cannot be asked: {_reason(error)}.", hint="Check the base URL in `etl settings`."
        ) from error
    except requests.RequestException as error:  # redirects without end, for one
        raise SourceContractError(
            f"{url} cannot be asked: {_reason(error)}.", hint="Check the base URL in `etl settings`."
        ) from error
    except OSError as error:  # not the API's: requests wraps those
        raise ConfigError(
            f"The folder for cacheable answers fails: {error}.",
            hint="Set ETL_HTTP__CACHE to a folder you may write, or to nothing.",
        ) from error


def _whole(url: str, params: Mapping[str, str] | None) -> str:
    """The URL with its query as it was asked, but for what looks like a secret."""
    if not params:
        return url
    shown = {name: "***" if SECRET.search(name) else value for name, value in params.items()}
    return f"{url}?{urlencode(shown, safe='*')}"


def _seconds_to_wait(error: Exception, *, deadline: float) -> bool | float:
    """Stamina's question after each failure: again? A number is the wait that the API asked for."""
    if not isinstance(error, SourceUnavailableError):
        return False
    if error.retry_after_s is None:
        return True
    return error.retry_after_s if time.monotonic() + error.retry_after_s <= deadline else False


def _hang_up(response: requests.Response) -> None:
    with suppress(ValueError, RuntimeError, OSError):  # it ended just now, or came from the cache
        response.raw.shutdown()


def _raise_for_status(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status < 400:
        return
    said = _said(response)
    message = f"{url} answered {status}{f' ({said})' if said else ''}."
    if status in TRY_AGAIN:
        wait = _retry_after(response.headers.get("Retry-After"))
        hint = LATER if wait is None else f"It asks to wait {wait:.0f} s; then run the same command again."
        raise SourceUnavailableError(message, hint=hint, retry_after_s=wait)
    if status in NO_ACCESS:
        raise AccessError(message, hint="Check the credentials for this API in `etl settings`.")
    if status in GONE:
        raise SourceWithdrawnError(
            message, hint="Check the base URL in `etl settings`; the API may have moved or ended."
        )
    raise SourceContractError(message, hint="The API no longer takes our question: compare it with its documentation.")


def _said(response: requests.Response) -> str:
    """The reason that an error gives, or its first line, if people can read it."""
    try:
        text = response.raw.read(ERROR_BYTES, decode_content=True).decode("utf-8", "replace").strip()
    except (urllib3.exceptions.HTTPError, OSError):
        return ""
    lines = (_reason_in(text) or text).splitlines()
    first = lines[0].strip()[:ERROR_CHARACTERS] if lines else ""
    return first.rstrip(".") if first.isprintable() and not first.startswith("<") else ""


def _reason_in(text: str) -> str | None:
    """The words of `{"error": true, "reason": "…"}` and its kin."""
    try:
        document = parse_json(text.encode())
    except BrokenPageError:
        return None
    if isinstance(document, dict) and isinstance(document.get("error"), dict):
        document = document["error"]
    if not isinstance(document, dict):
        return None
    words = (document.get(name) for name in ("reason", "message", "error"))
    return next((each.strip() for each in words if isinstance(each, str) and each.strip()), None)


def _retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header: a number or an HTTP date."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _quota_left(remaining: str | None, limit: str | None) -> float | None:
    """The share of a quota, from 0 to 1, if the two headers tell it."""
    if remaining is None or limit is None or not (NUMBER.fullmatch(remaining) and NUMBER.fullmatch(limit)):
        return None
    return min(int(remaining) / int(limit), 1.0) if int(limit) else None


def _document(response: requests.Response, body: bytes, url: str) -> Any:
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind and kind != "application/json" and not kind.endswith("+json"):
        raise SourceContractError(
            f"{url} answered {kind} where JSON was expected.",
            hint="Open the address in a browser: a proxy, a login page or a moved API answers in its place.",
        )
    try:
        return parse_json(body)
    except BrokenPageError as error:
        raise SourceUnavailableError(f"{url} answered broken JSON: {error}.", hint=LATER) from error


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words; urllib3 wraps them five deep."""
    while error.__context__ is not None or (error.args and isinstance(error.args[0], BaseException)):
        error = error.__context__ or error.args[0]
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
    said = QUERY.sub("", str(getattr(error, "reason", None) or error))  # some repeat the URL
    return said.split("\n")[0][:160] or type(error).__name__
