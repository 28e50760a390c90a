"""Every setting, typed. Variables are called `ETL_<GROUP>__<NAME>`; the warehouse has libpq's `PGHOST` and so on."""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from etl.core.errors import ConfigError

A_DAY = 86_400
SERVICE = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
SERVICE_URL = re.compile("(tcp|udp|sctp)://")
RETIRED: Mapping[str, str] = {  # accepted for one version, and ignored
    "ETL_HTTP__CACHE": "answers are kept in the lake alone; remove it",
}


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError("must not be empty")
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if "@" in value or "?" in value or "#" in value:
        raise ValueError(
            "should hold no user, password or query, as base URLs are printed and stored; "
            "a key belongs in a setting of its own, such as ETL_SENSORS__API_KEY"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # .port raises for nonsense
        raise ValueError("should be like https://api.example.org")
    return value


BaseUrl = Annotated[str, AfterValidator(_base_url)]
ApiKey = Annotated[Annotated[SecretStr, Field(min_length=8)] | None, BeforeValidator(_none_if_empty)]


class Group(BaseModel):
    """A group of settings that refuses unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_what_files_add(cls, values: Any) -> Any:
        """A Secret made from a file has the line break at its end, and perhaps a byte order mark at its start."""
        if not isinstance(values, dict):
            return values
        return {
            name: value.strip("\ufeff \t\r\n") if isinstance(value, str) else value for name, value in values.items()
        }


class LakeSettings(Group):
    """Where the lake is, and which catalogues know its tables."""

    url: str = Field(default=".data/lake", min_length=1, description="A directory or s3://bucket/prefix.")
    catalog: Literal["postgres", "glue"] = Field(
        default="postgres", description="postgres or glue; with glue, tables of AWS Glue follow those in Postgres."
    )
    glue_prefix: str = Field(
        default="data_platform",
        pattern="^[a-z0-9_]{1,64}$",
        description="Beginning of the names of Glue's databases, which end in _silver and _gold.",
    )


class HttpSettings(Group):
    """Timeouts and retries of requests to APIs."""

    connect_timeout_s: float = Field(default=5, gt=0, le=A_DAY, description="Seconds to wait for a connection.")
    read_timeout_s: float = Field(default=30, gt=0, le=A_DAY, description="Seconds to wait for one whole answer.")
    attempts: int = Field(default=6, ge=1, le=50, description="Attempts for one request, the first included.")
    retry_s: float = Field(default=90, gt=0, le=A_DAY, description="Seconds that all attempts of one request may take.")
    wait_s: float = Field(
        default=0.5, ge=0, le=A_DAY, description="Seconds before the second attempt; doubles from there, with jitter."
    )

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, values: Any) -> Any:
        return (
            {name: value for name, value in values.items() if name != "cache"} if isinstance(values, dict) else values
        )


class SourceSettings(Group):
    """What every source has. A field that is named like a group of the tree is that group, shared with others."""

    base_url: BaseUrl


class SpacexSettings(SourceSettings):
    """The SpaceX API."""

    base_url: BaseUrl = Field(default="https://api.spacexdata.com", description="The API's URL.")
    page_size: int = Field(default=100, ge=1, le=1000, description="Launches per request.")


class SensorsSettings(SourceSettings):
    """The Open-Meteo archive, asked for a grid of virtual sensors."""

    base_url: BaseUrl = Field(default="https://archive-api.open-meteo.com", description="The API's URL.")
    api_key: ApiKey = Field(
        default=None, description="Key of a paid plan, which has a base URL of its own; never kept."
    )
    rows: int = Field(default=10, ge=1, le=1000, description="Sensors from south to north.")
    columns: int = Field(default=10, ge=1, le=1000, description="Sensors from west to east.")
    latitude: float = Field(default=52.52, ge=-90, le=90, description="Centre of the grid, degrees north.")
    longitude: float = Field(default=13.405, ge=-180, le=180, description="Centre of the grid, degrees east.")
    spacing: float = Field(default=0.1, gt=0, le=10, description="Degrees from one sensor to the next.")
    zone_size: int = Field(default=2, ge=1, le=1000, description="Sensors along each side of a zone.")
    sensors_per_request: int = Field(default=50, ge=1, le=1000, description="Locations per request.")
    days: int = Field(default=365, ge=1, le=40_000, description="Days before today that the first run reads.")
    start: Annotated[date | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="First day that is read, instead of a number of days before the first run."
    )
    lookback_days: int = Field(
        default=5, ge=0, le=365, description="Published days that a later run reads again, for late corrections."
    )
    await_days: int = Field(
        default=30, ge=0, le=365, description="Days for which a day with unknown values is read again by every run."
    )
    calls_per_minute: float = Field(default=600, gt=0, description="The API's limit.")
    calls_per_hour: float = Field(default=5_000, gt=0, description="The API's limit.")
    calls_per_day: float = Field(default=10_000, gt=0, description="The API's limit.")


class ApodSettings(SourceSettings):
    """NASA's Astronomy Picture of the Day."""

    base_url: BaseUrl = Field(default="https://science.nasa.gov", description="The API's URL.")
    days: int = Field(default=365, ge=1, le=40_000, description="Days before today that the first run reads.")
    start: Annotated[date | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="First day that is read, instead of a number of days before the first run."
    )
    lookback_days: int = Field(
        default=7, ge=0, le=365, description="Published days that a later run reads again, for late corrections."
    )
    days_per_request: int = Field(default=25, ge=1, le=25, description="Days per request; no answer has more.")


class NeoSettings(SourceSettings):
    """JPL's APIs of near-Earth objects."""

    base_url: BaseUrl = Field(default="https://ssd-api.jpl.nasa.gov", description="The APIs' URL.")
    max_distance_au: float = Field(
        default=0.5, gt=0, le=10, description="Astronomical units within which passes are read."
    )
    days: int = Field(default=365, ge=1, le=40_000, description="Days before today that the first run reads.")
    ahead_days: int = Field(default=60, ge=1, le=36_500, description="Days from today on that every run reads.")
    lookback_days: int = Field(
        default=30, ge=0, le=3650, description="Published days that a later run reads again: objects are found late."
    )
    days_per_request: int = Field(default=366, ge=1, le=3660, description="Days per request.")


class MarsSettings(SourceSettings):
    """The raw images of the rovers on Mars."""

    base_url: BaseUrl = Field(default="https://mars.nasa.gov", description="The feeds' URL.")
    days: int = Field(default=30, ge=1, le=40_000, description="Days before today that the first run reads.")
    start: Annotated[date | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="First day that is read, instead of a number of days before the first run."
    )
    lookback_days: int = Field(
        default=30,
        ge=0,
        le=365,
        description="Published days that a later run reads again: photos arrive for weeks, or all after a conjunction.",
    )
    photos_per_request: int = Field(
        default=200, ge=1, le=1000, description="Photos per request to Curiosity's feed; the other returns whole sols."
    )


class NasaSettings(Group):
    """api.nasa.gov, whose key and budget all that is read there share."""

    api_key: ApiKey = Field(
        default=None, description="Key of api.nasa.gov, only for neows, which the rest does without; never kept."
    )
    requests_per_hour: float = Field(
        default=1_000, gt=0, description="The key's limit; DEMO_KEY always has 30 an hour and 50 a day."
    )


class NeowsSettings(SourceSettings):
    """NeoWs, NASA's second list of near-Earth objects."""

    base_url: BaseUrl = Field(default="https://api.nasa.gov", description="The API's URL.")
    days: int = Field(default=30, ge=1, le=40_000, description="Days before today that the first run reads.")
    start: Annotated[date | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="First day that is read, instead of a number of days before the first run."
    )
    lookback_days: int = Field(
        default=30, ge=0, le=3650, description="Published days that a later run reads again: objects are found late."
    )
    days_per_request: int = Field(default=8, ge=1, le=8, description="Days per request; the API refuses more.")
    nasa: NasaSettings = Field(default_factory=NasaSettings, exclude=True)


class EnrichmentSettings(Group):
    """Who says what pictures show: the service at `url`, or else this process, if it has the packages."""

    url: Annotated[BaseUrl | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="URL of the service that describes pictures. If unset, this process does."
    )
    key: ApiKey = Field(default=None, description="Key of that service; never kept.")
    page_url: Annotated[BaseUrl | None, BeforeValidator(_none_if_empty)] = Field(
        default=None,
        description="URL that receives the pictures which the page of mosaics shows; the key is that of the service.",
    )
    model: Annotated[Path | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="Folder of the model that this process sees subjects with; the service has its own."
    )


class PictureFactsSettings(SourceSettings):
    """Facts about pictures that other sources list."""

    base_url: BaseUrl = Field(
        default="https://assets.science.nasa.gov",
        description="URL of the server that makes renditions; another than NASA's is asked for Mars' photos, too.",
    )
    days: int = Field(default=365, ge=1, le=40_000, description="Days before today that the first run reads.")
    start: Annotated[date | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="First day that is read, instead of a number of days before the first run."
    )
    lookback_days: int = Field(
        default=30, ge=0, le=365, description="Published days whose pictures a later run looks for again."
    )
    await_days: int = Field(
        default=365, ge=0, le=40_000, description="Days for which a picture without facts is due again."
    )
    bytes_per_run: int = Field(
        default=200_000_000, ge=1, description="Bytes of pictures after which a run asks no more."
    )
    pictures_per_run: int = Field(default=1_000, ge=1, le=100_000, description="Pictures that a run asks for at most.")
    bytes_per_picture: int = Field(default=20_000_000, ge=1, description="Of a larger picture, no more is received.")
    enrichment: EnrichmentSettings = Field(default_factory=EnrichmentSettings, exclude=True)


class SparkSettings(Group):
    """The Spark engine; all else is set in Spark's own spark-defaults.conf, in the folder SPARK_CONF_DIR."""

    master: str = Field(
        default="local[*]", min_length=1, description="Where its tasks run: local[*] or k8s://https://host:port."
    )
    memory: str = Field(
        default="1g", pattern=r"^[1-9]\d*[mg]$", description="Memory of the driver's JVM, such as 512m or 4g."
    )


class QuarantineSettings(Group):
    """How many refused records a run tolerates."""

    max_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="A run fails if a larger share of an endpoint's records is refused; one of a few days' may be.",
    )


class WarehouseSettings(Group):
    """What libpq's own variables do not cover."""

    embedded: Annotated[Path, BeforeValidator(_not_empty)] = Field(
        default=Path(".data/postgres"),
        description="Data folder of the embedded Postgres, which is used if PGHOST is unset.",
    )
    lock_timeout_s: float = Field(
        default=60, ge=0.001, le=A_DAY, description="Seconds to wait for locks of readers or of another run."
    )


class RedshiftSettings(Group):
    """Amazon Redshift, as a destination beside the warehouse."""

    host: Annotated[str | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="Host of the cluster or workgroup. If unset, nothing is published there."
    )
    port: int = Field(default=5439, ge=1, le=65535, description="Its port.")
    database: str = Field(default="dev", min_length=1, description="The database.")
    user: str = Field(default="etl_loader", min_length=1, description="The user, which owns the tables.")
    password: Annotated[SecretStr | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="Its password. If unset, IAM issues one for each session, by AWS's own credentials."
    )
    iam_role: str = Field(
        default="default",
        pattern=r"^(default|arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+)$",
        description="ARN of the role with which Redshift reads the lake; default is the cluster's default role.",
    )


class StatsdSettings(Group):
    """Where metrics go."""

    host: Annotated[str | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="Host of the StatsD exporter. If unset, no metrics are sent."
    )
    port: int = Field(default=9125, ge=1, le=65535, description="Its TCP port.")


class LogSettings(Group):
    """The format of log lines."""

    format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto, json or text; auto is text on a terminal and JSON elsewhere."
    )


class Settings(BaseSettings):
    """The whole tree; a command reads it once, when it starts."""

    model_config = SettingsConfigDict(
        env_prefix="ETL_",
        env_nested_delimiter="__",
        frozen=True,
        env_ignore_empty=False,
        extra="ignore",
        hide_input_in_errors=True,
    )

    lake: LakeSettings = Field(default_factory=LakeSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    spacex: SpacexSettings = Field(default_factory=SpacexSettings)
    sensors: SensorsSettings = Field(default_factory=SensorsSettings)
    apod: ApodSettings = Field(default_factory=ApodSettings)
    neo: NeoSettings = Field(default_factory=NeoSettings)
    mars: MarsSettings = Field(default_factory=MarsSettings)
    neows: NeowsSettings = Field(default_factory=NeowsSettings)
    nasa: NasaSettings = Field(default_factory=NasaSettings)
    picture_facts: PictureFactsSettings = Field(default_factory=PictureFactsSettings)
    enrichment: EnrichmentSettings = Field(default_factory=EnrichmentSettings)
    spark: SparkSettings = Field(default_factory=SparkSettings)
    quarantine: QuarantineSettings = Field(default_factory=QuarantineSettings)
    warehouse: WarehouseSettings = Field(default_factory=WarehouseSettings)
    redshift: RedshiftSettings = Field(default_factory=RedshiftSettings)
    statsd: StatsdSettings = Field(default_factory=StatsdSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    def of_source(self, name: str) -> SourceSettings:
        """The group of a source, with those that it shares."""
        own: SourceSettings = getattr(self, name)
        shared = type(own).model_fields.keys() & type(self).model_fields.keys()
        return own.model_copy(update={each: getattr(self, each) for each in shared})


def names() -> Iterator[tuple[str, str, str]]:
    """Every environment variable with its default and description."""
    for group, outer in Settings.model_fields.items():
        for name, setting in type(outer.get_default(call_default_factory=True)).model_fields.items():
            if name in Settings.model_fields:  # a group that sources share, listed as itself
                continue
            default = "" if setting.default is None else str(setting.default)
            yield f"ETL_{group}__{name}".upper(), default, setting.description or ""


def retired() -> Iterator[str]:
    """What to say about settings of earlier versions that are set and no longer do anything."""
    for name, value in os.environ.items():
        if value and name.upper() in RETIRED:
            yield f"{name} is no longer used: {RETIRED[name.upper()]}."


def _is_of_a_service(name: str, value: str) -> bool:
    """Whether Kubernetes has set it, for a Service whose name begins with `etl-`; no setting looks like that."""
    return SERVICE.search(name) is not None or (name.endswith("_PORT") and SERVICE_URL.match(value) is not None)


def load() -> Settings:
    """Read the tree from the environment.

    Raises: ConfigError, naming each variable that is unknown or has an invalid value.
    """
    known = {name for name, _, _ in names()} | RETIRED.keys()
    unknown = sorted(
        name
        for name, value in os.environ.items()
        if name.upper().startswith("ETL_") and name.upper() not in known and not _is_of_a_service(name, value)
    )
    if unknown:
        raise ConfigError(
            f"Unknown setting{'s' if len(unknown) > 1 else ''}: {', '.join(unknown)}.",
            hint="`etl settings` lists every name with its default.",
        )
    try:
        return Settings()
    except ValidationError as error:
        invalid = "; ".join(
            f"ETL_{'__'.join(str(part) for part in e['loc']).upper()}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise ConfigError(
            f"A setting has an invalid value: {invalid}.",
            hint="`etl settings` lists what each one means.",
        ) from error
