"""Asking any API over HTTP."""
