"""Queries of the dashboard `enrichment`."""

from __future__ import annotations

from monitoring.dashboards.promql import happened, mean, quantile

PODS_READY = 'sum by (deployment) (kube_deployment_status_replicas_available{namespace="enrichment"})'
WAITING = "sum(enrichment_pictures_waiting)"
WORKING = "sum(enrichment_pictures_working)"
HELD_BYTES = "sum(enrichment_held_bytes)"

REQUESTS = happened("enrichment_requests_total", "route, status")
REQUEST_95 = quantile(0.95, "enrichment_request_duration_seconds", "route")
QUEUE_95 = quantile(0.95, "enrichment_queue_duration_seconds", "namespace")
STEPS = mean("enrichment_step_duration_seconds", "step")
PICTURES = happened("enrichment_pictures_total", "subject")
COMPARED = happened("enrichment_subjects_compared_total", "agree")
LOOKUPS = happened("enrichment_cache_lookups_total", "result")
PICTURE_BYTES_95 = quantile(0.95, "enrichment_picture_bytes", "namespace")
PICTURE_PIXELS_95 = quantile(0.95, "enrichment_picture_pixels", "namespace")
