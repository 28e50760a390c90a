"""What describes pictures: the service, or this process. Both give the same answers; a test compares them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from etl.core.api import RetryPolicy
from etl.core.auth import NO_AUTH, HeaderKey
from etl.core.documents import BrokenPageError, parse_json
from etl.core.errors import ConfigError, SourceContractError
from etl.settings import EnrichmentSettings
from etl.sources.picture_facts.contract import Description

if TYPE_CHECKING:
    from etl.sources.http.client import HttpClient

TITLE, EXPLANATION = 500, 20_000  # characters that `enrichment` reads
PATIENCE = RetryPolicy(read_s=60)
CHECK_KEY = "Compare ETL_ENRICHMENT__KEY with the keys whose hashes the service at ETL_ENRICHMENT__URL knows."
NEITHER = (
    "Set ETL_ENRICHMENT__URL and ETL_ENRICHMENT__KEY (docs/how-to/facts-about-pictures.md), or install the packages: "
    "`.venv/bin/pip install -r enrichment/requirements.txt`."
)


class RefusedPictureError(Exception):
    """Nothing can be said about these bytes; its text says why."""


class Enricher(Protocol):
    """Says what a picture shows."""

    def version(self) -> str:
        """The version of the facts that it returns. Raises: SourceUnavailableError, AccessError."""
        ...

    def describe(self, picture: bytes, title: str, explanation: str) -> Description:
        """What is said about a picture and its text. Raises: RefusedPictureError, and as `version` does."""
        ...


@contextmanager
def enricher(settings: EnrichmentSettings) -> Iterator[Enricher]:
    """The service that the settings name, or else this process. Raises: ConfigError if it lacks the packages."""
    if settings.url is None:
        yield _in_process(settings)
        return
    from etl.sources.http.client import HttpClient

    auth = NO_AUTH if settings.key is None else HeaderKey("X-API-Key", settings.key, hint=CHECK_KEY)
    with HttpClient("enrichment", settings.url, PATIENCE, auth=auth) as client:
        yield Service(client)


def _in_process(settings: EnrichmentSettings) -> Enricher:
    try:
        from etl.sources.picture_facts.in_process import InProcess
    except ImportError as error:
        raise ConfigError(
            f"Nothing can describe pictures: no service is set, and this environment lacks {error.name}.", hint=NEITHER
        ) from None
    return InProcess(settings.model)


class Service:
    """The service, asked over HTTP; it gets bytes and fetches nothing."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def version(self) -> str:
        self._client.get("/readyz")
        return str(self._client.get("/version").document["facts_version"])

    def describe(self, picture: bytes, title: str, explanation: str) -> Description:
        text = {"title": title[:TITLE], "explanation": explanation[:EXPLANATION]}
        answer = self._client.post_form(
            "/v1/images:batch", [("pictures", ("picture", picture)), ("texts", (None, json.dumps([text])))]
        )
        try:
            [item] = parse_json(answer.body)["items"]
            if item["description"] is None:
                raise RefusedPictureError(str(item["problem"]["detail"]))
            return Description.model_validate(item["description"])
        except (BrokenPageError, ValidationError, LookupError, TypeError, ValueError) as error:
            raise SourceContractError(
                f"{answer.url} returned something other than a description: {str(error).splitlines()[0]}.",
                hint="Compare the versions of the service and of this image: both are built from one repository.",
            ) from error
