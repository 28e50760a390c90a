"""What the service measures, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics

from enrichment.subjects.record import Description

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BYTES = (1e4, 1e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7)
PIXELS = (1e4, 1e5, 1e6, 4e6, 1.6e7, 5e7, 1e8)


disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """One registry per app."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter("enrichment_requests", "Requests answered.", ("route", "status"), registry=own)
        self.request_seconds = Histogram(
            "enrichment_request_duration_seconds", "From headers to answer.", ("route",), registry=own, buckets=SECONDS
        )
        self.queue_seconds = Histogram(
            "enrichment_queue_duration_seconds", "Wait for a worker.", registry=own, buckets=SECONDS
        )
        self.step_seconds = Histogram(
            "enrichment_step_duration_seconds", "Decode, measure, classify.", ("step",), registry=own, buckets=SECONDS
        )
        self.waiting = Gauge("enrichment_pictures_waiting", "Pictures that wait for a worker.", registry=own)
        self.working = Gauge("enrichment_pictures_working", "Pictures that are worked on.", registry=own)
        self.held_bytes = Gauge("enrichment_held_bytes", "Bytes of all bodies in memory.", registry=own)
        self.bytes = Histogram("enrichment_picture_bytes", "Sizes of pictures.", registry=own, buckets=BYTES)
        self.pixels = Histogram("enrichment_picture_pixels", "Pixels of pictures.", registry=own, buckets=PIXELS)
        self.pictures = Counter(
            "enrichment_pictures", "Pictures described, by what the model sees.", ("subject",), registry=own
        )
        self.agreements = Counter(
            "enrichment_subjects_compared",
            "Pictures whose subject is known by image and text.",
            ("agree",),
            registry=own,
        )
        self.cache = Counter("enrichment_cache_lookups", "Whether facts were known.", ("result",), registry=own)
        self.build = Info("enrichment_build", "Versions of facts and model.", registry=own)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.step_seconds.labels(name).observe(perf_counter() - began)

    def described(self, description: Description) -> None:
        """Count a picture that was worked on."""
        facts = description.facts
        self.bytes.observe(facts.bytes)
        self.pixels.observe(facts.width * facts.height)
        self.pictures.labels(description.subject_by_image.subject or "unknown").inc()
