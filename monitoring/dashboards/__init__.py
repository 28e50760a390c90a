"""Grafana's dashboards, as code: `python -m monitoring.dashboards` writes json/<uid>.json from these modules."""
