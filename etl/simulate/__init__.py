"""Stand-ins for the APIs we read, with faults on request: for tests, demos and work without internet."""
