"""The lake: what was received (bronze), what it became (silver), what was refused (quarantine)."""
