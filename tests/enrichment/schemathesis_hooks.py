"""Read by schemathesis' command: bodies that are pictures, where it would send random bytes."""

import schemathesis
from hypothesis import strategies as st

from enrichment.service.routers.images import PICTURES
from tests.enrichment.pictures import encoded, galaxy

SOME = [encoded(galaxy(40, 30), name.removeprefix("image/").upper()) for name in PICTURES]
for media_type in (*PICTURES, "application/octet-stream"):
    schemathesis.openapi.media_type(media_type, st.sampled_from(SOME))
