"""What both apps share: refusals as problem details, and bounded bodies."""
