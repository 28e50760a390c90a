"""What is said about a picture's subject, and all that is said about a picture. Importing this costs little."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from enrichment.facts.record import Facts, Record


class Subject(StrEnum):
    """What a picture may show. The model knows the first five; texts name the others, too."""

    GALAXY = "galaxy"
    GLOBULAR_CLUSTER = "globular_cluster"
    OPEN_CLUSTER = "open_cluster"
    NEBULA = "nebula"
    PLANETARY_NEBULA = "planetary_nebula"
    SUPERNOVA_REMNANT = "supernova_remnant"
    SUN = "sun"
    MOON = "moon"
    PLANET = "planet"
    EARTH = "earth"
    COMET = "comet"
    ASTEROID = "asteroid"
    METEOR = "meteor"
    AURORA = "aurora"
    ECLIPSE = "eclipse"
    NIGHT_SKY = "night_sky"
    SPACECRAFT = "spacecraft"
    PEOPLE = "people"


class Text(Record):
    """What somebody wrote about a picture."""

    title: Annotated[str, Field(max_length=500)] = ""
    explanation: Annotated[str, Field(max_length=20_000)] = ""


class TextSubject(Record):
    """The subject that a text names."""

    subject: Annotated[Subject | None, Field(description="Null if the text names none, or several alike.")]
    evidence: Annotated[str | None, Field(description="What in the text decided.", examples=["NGC 1952"])]


class ImageSubject(Record):
    """The subject that the model sees."""

    subject: Annotated[Subject | None, Field(description="Null if the model is not sure enough; see reason.")]
    confidence: Annotated[float | None, Field(ge=0, le=1, description="Calibrated probability of its best class.")]
    model_version: str | None
    reason: Annotated[str | None, Field(description="Why there is no subject.", examples=["no model is installed"])]


class Description(Record):
    """All that is said about one picture."""

    facts: Facts
    subject_by_image: ImageSubject
    subject_by_text: Annotated[TextSubject | None, Field(description="Null if no text came with the picture.")]
    subjects_agree: Annotated[bool | None, Field(description="Null unless both are known and the model knows both.")]
