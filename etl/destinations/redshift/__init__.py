"""Publishing into Amazon Redshift, beside the warehouse that holds the ledger. It has never been run on Redshift."""
