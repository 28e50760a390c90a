"""The lake: responses as received (bronze), typed rows (silver), rejected records (quarantine)."""
