"""The documentation site: what MkDocs cannot make from docs/ alone."""
