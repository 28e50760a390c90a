"""What must exist before any chart, and the program that installs the platform."""
