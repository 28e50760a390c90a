"""The pool of our own, drawn once."""

import pytest

from enrichment.mosaic.atlas import Atlas, build
from enrichment.mosaic.generated import Generated


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    return build(Generated())
