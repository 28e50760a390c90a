"""Facts about pictures over HTTP: bytes in, facts out. It fetches nothing and writes nothing."""
