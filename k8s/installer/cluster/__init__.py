"""Adapters: each module talks to one thing outside of this program, and knows nothing of what is installed."""
