"""What parses pages and derives rows: this machine, or Spark."""
