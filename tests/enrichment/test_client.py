"""The client against the running service: patient when it is busy, and with nothing else."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from enrichment.client import Client, RefusedError, UnavailableError
from enrichment.facts.measure import facts_of
from enrichment.subjects.describe import NoModel, describe
from enrichment.subjects.record import Subject, Text
from tests.enrichment import pictures
from tests.enrichment.pictures import encoded, galaxy
from tests.enrichment.serving import KEY, Service

PICTURE = encoded(galaxy(seed=77))


def test_the_service_and_the_functions_in_this_process_say_the_same(service: Service) -> None:
    with Client(service.url, KEY) as client:
        for data in pictures.odd().values():
            assert client.describe(data) == describe(data, NoModel())


def test_several_pictures_are_described_in_their_order_and_a_broken_one_spoils_no_other(service: Service) -> None:
    with Client(service.url, KEY) as client:
        first, second, third = client.describe_all(
            [PICTURE, b"no picture", PICTURE], [Text(title="A comet"), Text(), Text(title="Aurora")]
        )
    assert isinstance(second, RefusedError)
    assert second.status == 415
    for found, subject in ((first, Subject.COMET), (third, Subject.AURORA)):
        assert not isinstance(found, RefusedError)
        assert found.facts == facts_of(PICTURE)
        assert found.subject_by_text is not None
        assert found.subject_by_text.subject is subject


def test_who_is_told_to_come_again_comes_again(service: Service) -> None:
    """Thirty at once, for two workers and eight places."""
    before = service.metric('enrichment_requests_total{route="/v1/images",status="429"}')

    def ask(number: int) -> int:
        with Client(service.url, KEY, attempts=50, retry_s=120) as client:
            return client.describe(encoded(galaxy(300, 200, seed=number), compress_level=1)).facts.width

    with ThreadPoolExecutor(30) as many:
        assert list(many.map(ask, range(100, 130))) == [300] * 30
    assert service.metric('enrichment_requests_total{route="/v1/images",status="429"}') > before


@pytest.mark.parametrize(
    ("key", "data", "status"), [(KEY, b"no picture", 415), ("wrong", PICTURE, 401)], ids=["body", "key"]
)
def test_what_is_refused_is_not_sent_again(key: str, data: bytes, status: int, service: Service) -> None:
    counted = f'enrichment_requests_total{{route="/v1/images",status="{status}"}}'
    before = service.metric(counted)
    with Client(service.url, key) as client, pytest.raises(RefusedError) as refusal:
        client.describe(data)
    assert refusal.value.status == status
    assert service.metric(counted) == before + 1


def test_a_service_that_is_down_is_told_from_one_that_refuses() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with (
            Client(f"http://127.0.0.1:{taken.getsockname()[1]}", KEY) as client,
            pytest.raises(UnavailableError) as down,
        ):
            client.describe(PICTURE)
    assert down.value.status is None
