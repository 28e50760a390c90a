"""The control plane, always in Postgres: run ledger, watermarks, quarantine, budget, migrations, roles."""
