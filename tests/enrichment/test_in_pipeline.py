"""The service and the functions in this process describe a picture to the pipeline alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from etl.core.errors import AccessError, SourceUnavailableError
from etl.settings import EnrichmentSettings
from etl.sources.picture_facts import enricher as enrichers
from etl.sources.picture_facts import simulator
from etl.sources.picture_facts.enricher import Enricher, RefusedPictureError
from tests.conftest import HASTY
from tests.enrichment.serving import KEY, Service

TITLE = "The Crab Nebula"
EXPLANATION = "M 1 is what is left of a supernova — seen in 1054 — in the constellation Taurus."
PICTURE = simulator.picture("/dynamicimage/one", 1024)


def asked(service: Service, key: str = KEY) -> AbstractContextManager[Enricher]:
    return enrichers.enricher(EnrichmentSettings(url=service.url, key=key))


@pytest.fixture
def here() -> Iterator[Enricher]:
    with enrichers.enricher(EnrichmentSettings()) as in_process:
        yield in_process


def test_both_say_the_same(service: Service, here: Enricher) -> None:
    with asked(service) as there:
        assert there.version() == here.version()
        for title, explanation in ((TITLE, EXPLANATION), ("x" * 900, "y" * 30_000), ("", "")):
            described = here.describe(PICTURE, title, explanation)
            assert there.describe(PICTURE, title, explanation) == described
    said = here.describe(PICTURE, TITLE, EXPLANATION).flat()
    assert (said["width"], said["height"], said["format"]) == (384, 288, "PNG")
    assert said["subject_by_text"] == "supernova_remnant"


@pytest.mark.parametrize("broken", [b"not a picture", PICTURE[:200], b""])
def test_both_refuse_the_same_for_the_same_reason(service: Service, here: Enricher, broken: bytes) -> None:
    with asked(service) as there:
        reasons = []
        for enricher in (here, there):
            with pytest.raises(RefusedPictureError) as told:
                enricher.describe(broken, TITLE, EXPLANATION)
            reasons.append(str(told.value))
    assert reasons[0] == reasons[1]


def test_a_wrong_key_is_no_fault_of_the_picture(service: Service) -> None:
    with asked(service, key="not-the-right-key") as there, pytest.raises(AccessError) as told:
        there.describe(PICTURE, TITLE, EXPLANATION)
    assert "ETL_ENRICHMENT__KEY" in told.value.hint


def test_a_service_that_is_not_there_is_worth_waiting_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrichers, "PATIENCE", HASTY)
    with (
        enrichers.enricher(EnrichmentSettings(url="http://127.0.0.1:9", key=KEY)) as nobody,
        pytest.raises(SourceUnavailableError),
    ):
        nobody.version()
