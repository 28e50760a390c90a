"""Publishing into Postgres: stage, audit and bring in what differs, in one transaction with the ledger."""
