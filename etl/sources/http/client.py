"""The one HTTP client: explicit timeouts, retries bounded by count and time, within a budget, keys kept to the API."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatch
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import requests
import stamina
import urllib3

from etl.core.api import JSON, Answer, FormPart, Limit, RetryPolicy
from etl.core.auth import NO_AUTH, Auth
from etl.core.documents import BrokenPageError, parse_json
from etl.core.errors import (
    AccessError,
    ConfigError,
    PlatformError,
    SourceContractError,
    SourceUnavailableError,
    SourceWithdrawnError,
)
from etl.core.events import Listener, QuotaSeen, RequestEnded, RequestRetried, ignore
from etl.core.secrets import Masking
from etl.sources.http.session import ApiSession, has_proxy

TOO_EARLY_OR_OFTEN = frozenset({408, 425, 429})
IN_VAIN = frozenset({501, 505, 506, 508, 510, 511})  # of 500 and above, where proxies have many of their own, like 520
NO_ACCESS = frozenset({401, 403})
GONE = frozenset({404, 410})
NUMBER = re.compile(r"[0-9]{1,18}")  # Python itself refuses to read thousands of digits
QUERY = re.compile(r"\?[^\s'\"]*")
CHUNK_BYTES = 256 * 1024
ERROR_BYTES = 4_000  # of an error's text that are read; its reason may come after a long list
ERROR_CHARACTERS = 200  # of its reason that are shown
LATER = "Wait a little and run the same command again: what was received is kept."
CHECK_PROXY = (
    "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY (SOCKS needs `pip install pysocks`); "
    "NO_PROXY lists hosts to ask directly."
)
CHECK_BASE_URL = "Check the base URL in `etl settings`."

stamina.instrumentation.set_on_retry_hooks(())  # our own event about a retry says more


class Spender(Protocol):
    """Decides when an API may be asked; `etl.state.budget.Budget` is the real one."""

    def spend(self, weight: float) -> None:
        """Wait until a request of that weight is admitted, and record it."""
        ...

    def left(self) -> list[tuple[Limit, float]]:
        """What may still be spent of each limit."""
        ...


@dataclass
class Outcome:
    """How one request ended: with an HTTP status, `no_answer`, or `broken`: cut, or not what it says it is."""

    word: str = "no_answer"


class HttpClient:
    """Asks one API on behalf of a source, within a budget if it has one. Use as a context manager.

    Threads may share it: each has a session of its own. `max_concurrency` is how many of them may ask at the same time.
    `emit` receives events about requests.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        policy: RetryPolicy,
        *,
        auth: Auth = NO_AUTH,
        budget: Spender | None = None,
        max_concurrency: int | None = None,
        emit: Listener = ignore,
    ) -> None:
        self.source = source
        self.base_url = base_url.rstrip("/")
        self.policy = policy
        self._auth = auth
        self._masking = Masking(self._auth.secrets())
        self._budget = budget
        self._turn: AbstractContextManager[Any] = (
            threading.Semaphore(max_concurrency) if max_concurrency else nullcontext()
        )
        self._emit = emit
        self._of_thread = threading.local()
        self._sessions: list[requests.Session] = []
        self._elsewhere: list[HttpClient] = []
        self._opening = threading.Lock()

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._sessions:
            session.close()
        for client in self._elsewhere:
            client.__exit__()

    @property
    def host(self) -> str:
        """For messages: without a user and a password, should the URL hold them."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        weight: float = 1,
        accept: str = JSON,
        most_bytes: int | None = None,
    ) -> Answer:
        """GET a path, or a link that the API gave. Another media type than `accept`, such as `image/*`, is an error.

        Each attempt spends `weight`. The answer's URL is whole, with secrets masked; errors show no query. Of an answer
        with more than `most_bytes`, no more is received, and it is an error.
        Raises: SourceUnavailableError, SourceContractError, SourceWithdrawnError, AccessError.
        """
        return self._ask("GET", path, weight, accept, most_bytes, params=params)

    def post(self, path: str, document: Mapping[str, Any], *, weight: float = 1, accept: str = JSON) -> Answer:
        """POST a query (not a change) and read the answer; spends and raises as `get` does."""
        return self._ask("POST", path, weight, accept, json=document)

    def post_form(self, path: str, parts: Sequence[FormPart], *, weight: float = 1, accept: str = JSON) -> Answer:
        """POST a form (`multipart/form-data`) and read the answer; spends and raises as `get` does."""
        return self._ask("POST", path, weight, accept, files=parts)

    def post_bytes(self, path: str, body: bytes, *, weight: float = 1, accept: str = JSON) -> Answer:
        """POST bytes as they are and read the answer; spends and raises as `get` does."""
        kind = {"Content-Type": "application/octet-stream"}
        return self._ask("POST", path, weight, accept, data=body, headers=kind)

    def elsewhere(self, base_url: str) -> HttpClient:
        """A client of another server, which ends with this one: neither key nor budget are about that server."""
        self._elsewhere.append(HttpClient(self.source, base_url, self.policy, emit=self._emit))
        return self._elsewhere[-1]

    def left(self) -> list[tuple[Limit, float]]:
        return [] if self._budget is None else self._budget.left()

    def _ask(
        self, method: str, path: str, weight: float, accept: str, most_bytes: int | None = None, **content: Any
    ) -> Answer:
        policy, url = self.policy, self._url(path)
        content["headers"] = {"Accept": accept} | content.get("headers", {})
        self._spend(weight)  # the time for attempts begins when the first is admitted
        deadline = time.monotonic() + policy.retry_s
        outcome, ended_at = Outcome(), 0.0
        for attempt in stamina.retry_context(
            on=partial(_seconds_to_wait, deadline=deadline),
            attempts=policy.attempts,
            timeout=policy.retry_s,
            wait_initial=policy.wait_s,
            wait_max=max(10.0, policy.wait_s),
            wait_jitter=policy.wait_s,
        ):
            if attempt.num > 1:
                self._emit(RequestRetried(self.source, outcome.word, time.monotonic() - ended_at))
                self._spend(weight)  # outside of the attempt: a spent budget is not retried
            outcome = Outcome()
            with attempt, self._turn:
                try:
                    return self._ask_once(method, url, accept, content, outcome, most_bytes)
                finally:
                    ended_at = time.monotonic()
        raise AssertionError("stamina either returns or raises")

    def _url(self, path: str) -> str:
        """A path below the base URL; or a link of the API's own, in its own scheme."""
        link = urlsplit(path)
        if not link.scheme:
            return f"{self.base_url}{path}"
        here = urlsplit(self.base_url)
        if link.netloc != here.netloc:
            raise SourceContractError(
                f"{self.host} leads to {link.netloc.rpartition('@')[2]}, which was not asked.",
                hint="Compare the links in its answers with its documentation.",
            )
        return urlunsplit(link._replace(scheme=here.scheme))

    def _spend(self, weight: float) -> None:
        if self._budget is not None:
            self._budget.spend(weight)

    def _ask_once(
        self,
        method: str,
        url: str,
        accept: str,
        content: dict[str, Any],
        outcome: Outcome,
        most_bytes: int | None,
    ) -> Answer:
        shown = self._masking.text(url.partition("?")[0])
        begin = time.monotonic()
        try:
            answer, shown = self._receive(method, url, shown, content, outcome, most_bytes)
            _check_kind(answer, accept, shown)
            outcome.word = str(answer.status)
            return answer
        finally:
            self._emit(RequestEnded(self.source, outcome.word, time.monotonic() - begin))

    def _receive(
        self,
        method: str,
        url: str,
        shown: str,
        content: dict[str, Any],
        outcome: Outcome,
        most_bytes: int | None,
    ) -> tuple[Answer, str]:
        """The answer, and whose it is, for messages."""
        policy = self.policy
        deadline = time.monotonic() + policy.read_s
        with (
            self._translated(url, shown),
            self._session().request(
                method, url, timeout=(policy.connect_s, policy.read_s), stream=True, **content
            ) as response,
        ):
            outcome.word = str(response.status_code)
            self._note_quota(response)
            shown = self._answering(response, method, shown)
            self._raise_for_status(response, shown, deadline)
            outcome.word = "broken"
            body = b"".join(_bounded(_chunks(response, deadline), most_bytes, shown))
            if time.monotonic() >= deadline:
                raise self._too_slow()
        answer = Answer(
            self._masking.url(_asked(url, content.get("params"))),
            response.status_code,
            self._masking.body(body),
            {name: self._masking.text(value) for name, value in response.headers.lower_items()},
            datetime.now(UTC),
        )
        return answer, shown

    def _answering(self, response: requests.Response, method: str, shown: str) -> str:
        """Who answers, for messages. Raises: ConfigError if a redirect has lost the query."""
        if not response.history:
            return shown
        there = urlsplit(str(response.url))
        place = self._masking.text(f"{there.scheme}://{there.netloc.rpartition('@')[2]}")
        if response.request.method != method:
            raise ConfigError(
                f"{shown} redirects to {place}, and what is sent with {method} is lost on the way.",
                hint=f"If you trust {place}, let the base URL begin with it.",
            )
        return f"{place}{self._masking.text(there.path)}, to which {self.host} redirects,"

    def _session(self) -> requests.Session:
        """This thread's own: `requests` does not promise that threads may share one."""
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = ApiSession(self.base_url, self._auth)
            with self._opening:
                self._sessions.append(session)
        return session

    def _note_quota(self, response: requests.Response) -> None:
        left = _quota_left(response.headers.get("X-RateLimit-Remaining"), response.headers.get("X-RateLimit-Limit"))
        if left is not None:
            self._emit(QuotaSeen(self.source, left))

    def _too_slow(self) -> SourceUnavailableError:
        return SourceUnavailableError(
            f"{self.host} answers too slowly: not done after {self.policy.read_s:g} s.", hint=LATER
        )

    @contextmanager
    def _translated(self, url: str, shown: str) -> Iterator[None]:
        """Turn errors of `requests` into ours, once, here; `from None`, as theirs repeat the URL with its key."""
        try:
            yield
        except requests.RequestException as error:
            asked = str(error.request.url) if error.request is not None else url
            raise self._refusal(error, asked, shown) from None
        except ValueError:  # which repeats a proxy that it cannot read, with its password
            raise ConfigError(f"{shown} cannot be asked through the proxy that is set.", hint=CHECK_PROXY) from None
        except urllib3.exceptions.ReadTimeoutError:
            raise self._too_slow() from None
        except urllib3.exceptions.HTTPError:
            raise SourceUnavailableError(f"{shown} broke off in the middle of its answer.", hint=LATER) from None

    def _refusal(self, error: requests.RequestException, asked: str, shown: str) -> PlatformError:
        """Our error for one of `requests`: of what was asked last, which a redirect may have chosen."""
        reason, who, hint = self._reason(error), self.host, LATER
        host = urlsplit(asked).netloc.rpartition("@")[2]
        if host != who:
            who, hint = f"{self._masking.text(host)}, to which {who} redirects,", CHECK_BASE_URL
        if has_proxy(asked):
            reason, hint = f"{reason} (through a proxy)", CHECK_PROXY
        match error:
            case requests.exceptions.ProxyError() if re.search(r"\b407\b", reason):  # told in words only
                return AccessError(f"The proxy before {who} needs a login: {reason}.", hint=hint)
            case requests.ConnectionError() | requests.Timeout():
                return SourceUnavailableError(f"{who} does not answer: {reason}.", hint=hint)
            case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema():
                return ConfigError(
                    f"{shown} cannot be asked: {reason}.", hint=hint if hint != LATER else CHECK_BASE_URL
                )
        return SourceContractError(f"{shown} cannot be asked: {reason}.", hint=CHECK_BASE_URL)  # endless redirects

    def _raise_for_status(self, response: requests.Response, shown: str, deadline: float) -> None:
        status = response.status_code
        if status < 400:
            return
        said = self._masking.text(_said(response, deadline))
        message = f"{shown} answered {status}{f' ({said})' if said else ''}."
        wait = _retry_after(response.headers.get("Retry-After"))
        if _may_pass(status, wait):
            hint = LATER if wait is None else f"It asks to wait {wait:.0f} s; then run the same command again."
            raise SourceUnavailableError(message, hint=hint, retry_after_s=wait)
        if status == 407:
            raise AccessError(message, hint=CHECK_PROXY)
        if status in NO_ACCESS:
            raise AccessError(message, hint=self._auth.hint)
        if status in GONE:
            raise SourceWithdrawnError(
                message, hint="Check the base URL in `etl settings`; the API may have moved or ended."
            )
        raise SourceContractError(
            message, hint="The API no longer accepts our request: compare it with the API's documentation."
        )

    def _reason(self, error: BaseException) -> str:
        """The innermost cause in a few words; urllib3 wraps them five deep."""
        while error.__context__ is not None or (error.args and isinstance(error.args[0], BaseException)):
            error = error.__context__ or error.args[0]
            if isinstance(error, OSError) and error.strerror:
                return error.strerror
        said = QUERY.sub("", str(getattr(error, "reason", None) or error))  # some repeat the URL
        return self._masking.text(said).split("\n")[0][:160] or type(error).__name__


def _asked(url: str, params: Mapping[str, str] | None) -> str:
    """The URL with its query, as `requests` will write it."""
    return str(requests.Request("GET", url, params=params).prepare().url) if params else url


def _chunks(response: requests.Response, deadline: float) -> Iterator[bytes]:
    """The body as it comes in, to its end or to the deadline: of a trickle there is always one more byte to wait for.

    Each wait is bounded by the socket's own timeout.
    """
    while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
        yield chunk
        if time.monotonic() >= deadline:
            return


def _bounded(chunks: Iterator[bytes], most_bytes: int | None, shown: str) -> Iterator[bytes]:
    """The same chunks. Raises: SourceContractError as soon as they are more than that."""
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if most_bytes is not None and received > most_bytes:
            raise SourceContractError(
                f"{shown} answers with more than the {most_bytes:,} bytes that it may.",
                hint="Ask for less, or find out why it has become so large.",
            )
        yield chunk


def _may_pass(status: int, wait: float | None) -> bool:
    """Whether the same request may be answered later; some APIs say 403 to those who ask too often, and until when."""
    is_limit = status in TOO_EARLY_OR_OFTEN or (status == 403 and wait is not None)
    return is_limit or (status >= 500 and status not in IN_VAIN)


def _seconds_to_wait(error: Exception, *, deadline: float) -> bool | float:
    """Stamina's question after each failure: again? A number is the wait that the API asked for."""
    if not isinstance(error, SourceUnavailableError):
        return False
    if error.retry_after_s is None:
        return True
    return error.retry_after_s if time.monotonic() + error.retry_after_s <= deadline else False


def _said(response: requests.Response, deadline: float) -> str:
    """The reason that an error gives, or its first line, if people can read it."""
    begin = b""
    with suppress(urllib3.exceptions.HTTPError, OSError):
        for chunk in _chunks(response, deadline):
            begin += chunk
            if len(begin) >= ERROR_BYTES:
                break
    text = begin[:ERROR_BYTES].decode("utf-8", "replace").strip()
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
    words = (document.get(name) for name in ("reason", "message", "error_message", "error"))
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
    """The share of a quota, from 0 to 1, if the two headers give it."""
    if remaining is None or limit is None or not (NUMBER.fullmatch(remaining) and NUMBER.fullmatch(limit)):
        return None
    return min(int(remaining) / int(limit), 1.0) if int(limit) else None


def _check_kind(answer: Answer, accept: str, shown: str) -> None:
    """Raise if an answer is of another kind than was asked for, or is JSON that cannot be read."""
    kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind and not fnmatch(kind, accept) and not (accept == JSON and kind.endswith("+json")):
        raise SourceContractError(
            f"{shown} answered {kind} where {'JSON' if accept == JSON else accept} was expected.",
            hint="Open the URL in a browser: a proxy, a login page or a moved API may answer in its place.",
        )
    if accept != JSON:
        return
    try:
        answer.document  # noqa: B018 - parsed once, here, where a broken one is asked for again
    except BrokenPageError as error:
        raise SourceUnavailableError(f"{shown} answered broken JSON: {error}.", hint=LATER) from None
