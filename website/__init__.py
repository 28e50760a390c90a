"""The documentation site: what MkDocs cannot make of docs/ alone."""
