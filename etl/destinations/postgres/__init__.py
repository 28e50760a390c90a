"""Publishing into Postgres: stage, audit and swap in one transaction with the ledger."""
