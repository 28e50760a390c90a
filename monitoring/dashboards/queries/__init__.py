"""What the dashboards ask Prometheus: one module per dashboard, one constant per query."""
