"""Monitoring of the platform: metrics, alert rules, runbooks, dashboards."""
