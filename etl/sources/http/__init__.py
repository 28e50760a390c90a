"""How any API is asked over HTTP."""
