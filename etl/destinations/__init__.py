"""What a run is published into."""
