"""The routes, a module per subject. Each has `router`; enrichment.service.app lists them."""
