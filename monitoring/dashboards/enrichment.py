"""Facts about pictures: does the service keep up, what does it see, do its two ways to a subject agree."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.elements import BAD, OK, QUIET, WARN, Query, Thresholds
from monitoring.dashboards.layout import Row, dashboard_of
from monitoring.dashboards.panels import events_panel, points_panel, series_panel, stat_panel
from monitoring.dashboards.queries import enrichment as queries

STATUSES = {".*: 2..": OK, ".*: 429": WARN, ".*: 4(0|1[0-9]|2[0-8]).*": QUIET, ".*: 5..": BAD}
NOT_INSTALLED = "not installed"


def build() -> Dashboard:
    """Dashboard `enrichment`."""
    return dashboard_of(
        "enrichment",
        "Facts about pictures",
        "Whether the service that describes pictures keeps up, what it sees, and whether image and text agree.",
        {
            "Is it healthy?": _health(),
            "Does it keep up?": _load(),
            "What does it see?": _subjects(),
        },
        alerts="Enrichment.*",
    )


def _health() -> Row:
    return [
        stat_panel(
            "Pods that answer",
            "Of the service, and of the page of mosaics.",
            Query(queries.PODS_READY, "{{deployment}}"),
            thresholds=Thresholds(bad=1, falling=True),
            no_value=NOT_INSTALLED,
            span=6,
            alert="EnrichmentDown",
        ),
        stat_panel(
            "Pictures waiting",
            "Sent and not yet worked on. When too many wait, further ones are refused with 429.",
            Query(queries.WAITING),
            no_value=NOT_INSTALLED,
            span=6,
            alert="EnrichmentBusy",
        ),
        stat_panel(
            "Pictures at work",
            "At most as many as there are workers, over all pods.",
            Query(queries.WORKING),
            no_value=NOT_INSTALLED,
            span=6,
        ),
        stat_panel(
            "Bytes held",
            "Of all bodies that are being received, wait or are worked on.",
            Query(queries.HELD_BYTES),
            unit="bytes",
            no_value=NOT_INSTALLED,
            span=6,
        ),
    ]


def _load() -> Row:
    return [
        events_panel(
            "How were requests answered?",
            "By route and status. 429: busy, come again; 413, 415 and 422: not a picture that can be described.",
            Query(queries.REQUESTS, "{{route}}: {{status}}"),
            colours=STATUSES,
            alert="EnrichmentBusy",
        ),
        points_panel(
            "How long do requests take?",
            "95th percentile from headers to answer, and of the wait for a worker.",
            Query(queries.REQUEST_95, "{{route}}"),
            Query(queries.QUEUE_95, "wait for a worker"),
        ),
        points_panel(
            "How long does each step take?",
            "Mean time to decode, measure and classify a picture.",
            Query(queries.STEPS, "{{step}}"),
        ),
        events_panel(
            "Were pictures known already?",
            "A hit: the same bytes were described before, and nothing is computed again.",
            Query(queries.LOOKUPS, "{{result}}"),
            colours={"hit": OK, "miss": QUIET},
        ),
        series_panel(
            "How large are pictures?",
            "95th percentile of their files.",
            Query(queries.PICTURE_BYTES_95, "bytes"),
            unit="bytes",
        ),
        series_panel(
            "How many pixels do they have?",
            "95th percentile.",
            Query(queries.PICTURE_PIXELS_95, "pixels"),
        ),
    ]


def _subjects() -> Row:
    return [
        events_panel(
            "What do pictures show?",
            "Subjects by image; unknown where the model is not sure enough, or the picture is unlike its training set.",
            Query(queries.PICTURES, "{{subject}}"),
            colours={"unknown": QUIET},
        ),
        events_panel(
            "Do image and text agree?",
            "Pictures that have a subject by both.",
            Query(queries.COMPARED, "agree: {{agree}}"),
            colours={"agree: true": OK, "agree: false": BAD},
            alert="EnrichmentSubjectsDisagree",
        ),
    ]
