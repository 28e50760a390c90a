"""The mosaic's page in the service, beside what needs a key."""

from tests.enrichment.serving import Service


def test_the_service_shows_the_page_to_everybody(service: Service) -> None:
    page = service.get("/mosaic/")
    assert page.status_code == 200
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
    facts = service.get("/v1/mosaics/galaxy?longer=16").json()
    assert (facts["columns"], facts["rows"]) == (16, 16)
    assert service.get("/v1/mosaics/nobody").json()["type"] == "urn:enrichment:problem:unknown"
