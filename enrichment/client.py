"""The way to ask the service from Python: typed, patient with a busy service, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import requests
import stamina
from pydantic import BaseModel

from enrichment.subjects.record import Description, Text

LATER = (429, 503)


class EnrichmentError(Exception):
    """The service did not describe it; `status` is its answer's, or None if there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class RefusedError(EnrichmentError):
    """It refuses this request, and would again: a broken picture, a wrong key."""


class UnavailableError(EnrichmentError):
    """It is down, failing, or too busy for longer than the client waits."""


class _BusyError(Exception):
    def __init__(self, answer: requests.Response) -> None:
        self.answer = answer
        super().__init__(str(answer.status_code))


class _Problem(BaseModel):
    status: int
    detail: str


class _Item(BaseModel):
    description: Description | None
    problem: _Problem | None


class _Batch(BaseModel):
    items: list[_Item]


class Client:
    """One service and one key."""

    def __init__(self, url: str, key: str, *, attempts: int = 8, retry_s: float = 60, timeout_s: float = 60) -> None:
        self._url, self._attempts, self._retry_s, self._timeout_s = url.rstrip("/"), attempts, retry_s, timeout_s
        self._session = requests.Session()
        self._session.headers["X-API-Key"] = key

    def describe(self, data: bytes) -> Description:
        """What is said about a picture. Raises: RefusedError, UnavailableError."""
        answer = self._post("/v1/images", data=data, headers={"Content-Type": "application/octet-stream"})
        return Description.model_validate_json(answer.content)

    def describe_all(
        self, pictures: Sequence[bytes], texts: Sequence[Text] | None = None
    ) -> list[Description | RefusedError]:
        """What is said about up to 16 pictures, and which are refused. Raises: RefusedError, UnavailableError."""
        files: list[tuple[str, tuple[str | None, bytes | str]]] = [("pictures", ("picture", data)) for data in pictures]
        if texts is not None:
            files.append(("texts", (None, json.dumps([text.model_dump() for text in texts]))))
        batch = _Batch.model_validate_json(self._post("/v1/images:batch", files=files).content)
        return [_outcome(item) for item in batch.items]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._session.close()

    def _post(
        self,
        path: str,
        data: bytes | None = None,
        files: list[tuple[str, tuple[str | None, bytes | str]]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        try:
            for attempt in stamina.retry_context(
                on=_wait, attempts=self._attempts, timeout=self._retry_s, wait_initial=0.1, wait_max=5
            ):
                with attempt:
                    answer = self._session.post(
                        self._url + path, data=data, files=files, headers=headers, timeout=self._timeout_s
                    )
                    if answer.status_code in LATER:
                        raise _BusyError(answer)
        except _BusyError as error:
            raise UnavailableError("The service is too busy.", error.answer.status_code) from error
        except requests.RequestException as error:
            raise UnavailableError(f"The service does not answer: {type(error).__name__}.") from error
        return _checked(answer)


def _wait(error: Exception) -> bool | float:
    """How long to wait before asking again: as long as the service says."""
    if not isinstance(error, _BusyError):
        return False
    seconds = error.answer.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdecimal() else True


def _checked(answer: requests.Response) -> requests.Response:
    if answer.ok:
        return answer
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"The service answered {answer.status_code}."
    kind = UnavailableError if answer.status_code >= 500 else RefusedError
    raise kind(detail, answer.status_code)


def _outcome(item: _Item) -> Description | RefusedError:
    if item.description is not None:
        return item.description
    problem = item.problem or _Problem(status=500, detail="The service said nothing.")
    return RefusedError(problem.detail, problem.status)
