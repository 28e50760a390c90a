"""check → extract → transform → stage → audit → publish."""
