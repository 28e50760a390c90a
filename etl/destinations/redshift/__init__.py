"""Publishing into Amazon Redshift, beside the warehouse that holds the ledger. Never run on Redshift."""
