"""What both apps share: refusals as problem details, and bodies that are bounded."""
