"""What watches the platform: statsd, rules, runbooks, dashboards."""
