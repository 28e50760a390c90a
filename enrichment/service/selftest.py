"""A picture whose facts are known: who cannot describe it is not ready."""

import io

from PIL import Image

from enrichment.subjects.describe import Classifier, describe

KNOWN = (256, "#989898", "8000000000000000")


def run(classifier: Classifier) -> None:
    """Raises: RuntimeError, if the libraries of this machine see something else."""
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "JPEG")
    facts = describe(file.getvalue(), classifier).facts
    found = (facts.width, facts.average_colour, facts.phash)
    if found != KNOWN:
        raise RuntimeError(f"The self-test's picture should have {KNOWN}, but has {found}.")
