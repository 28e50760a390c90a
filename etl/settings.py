"""Every setting, typed. Variables are called `ETL_<GROUP>__<NAME>`; the warehouse has libpq's `PGHOST` and so on."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from etl.core.errors import ConfigError

A_DAY = 86_400


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError("must not be empty")
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # .port raises for nonsense
        raise ValueError("should be like https://api.example.org")
    return value


class Group(BaseModel):
    """A group of settings that refuses unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LakeSettings(Group):
    """Where the lake is."""

    url: str = Field(default=".data/lake", min_length=1, description="A directory or s3://bucket/prefix.")


class HttpSettings(Group):
    """How patiently an API is asked."""

    connect_timeout_s: float = Field(default=5, gt=0, le=A_DAY, description="Seconds until a connection stands.")
    read_timeout_s: float = Field(default=30, gt=0, le=A_DAY, description="Seconds for one whole answer.")
    attempts: int = Field(default=6, ge=1, le=50, description="Tries for one request, the first included.")
    retry_s: float = Field(default=90, gt=0, le=A_DAY, description="Seconds that all tries of one request may take.")
    wait_s: float = Field(
        default=0.5, ge=0, le=A_DAY, description="Seconds before the second try; doubles from there, with jitter."
    )
    cache: Annotated[Path | None, BeforeValidator(_none_if_empty)] = Field(
        default=Path(".data/http-cache"),
        description="Folder for answers that their API declares cacheable; empty: none.",
    )


class SourceSettings(Group):
    """What every source has."""

    base_url: Annotated[str, AfterValidator(_address)]


class SpacexSettings(SourceSettings):
    """The SpaceX API."""

    base_url: Annotated[str, AfterValidator(_address)] = Field(
        default="https://api.spacexdata.com", description="Where it answers."
    )
    page_size: int = Field(default=100, ge=1, le=1000, description="Launches per request.")


class SensorsSettings(SourceSettings):
    """The Open-Meteo archive, asked for a grid of virtual sensors."""

    base_url: Annotated[str, AfterValidator(_address)] = Field(
        default="https://archive-api.open-meteo.com", description="Where it answers."
    )
    rows: int = Field(default=10, ge=1, le=1000, description="Sensors from south to north.")
    columns: int = Field(default=10, ge=1, le=1000, description="Sensors from west to east.")
    latitude: float = Field(default=52.52, ge=-90, le=90, description="The grid's middle, degrees north.")
    longitude: float = Field(default=13.405, ge=-180, le=180, description="The grid's middle, degrees east.")
    spacing: float = Field(default=0.1, gt=0, le=10, description="Degrees from one sensor to the next.")
    zone_size: int = Field(default=2, ge=1, le=1000, description="A zone is a square of so many sensors a side.")
    sensors_per_request: int = Field(default=50, ge=1, le=1000, description="Locations asked for at once.")
    days: int = Field(default=365, ge=1, le=40_000, description="Days before today that the first run reads.")
    start: Annotated[date | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="First day that the first run reads, instead of counting days back."
    )
    lookback_days: int = Field(
        default=5, ge=0, le=365, description="Published days that a later run reads again, for late corrections."
    )
    calls_per_minute: float = Field(default=600, gt=0, description="The API's limit.")
    calls_per_hour: float = Field(default=5_000, gt=0, description="The API's limit.")
    calls_per_day: float = Field(default=10_000, gt=0, description="The API's limit.")


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
        default=0.05, ge=0, le=1, description="A run fails if more than this share of an endpoint's records is refused."
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
        env_prefix="ETL_", env_nested_delimiter="__", frozen=True, env_ignore_empty=False, extra="ignore"
    )

    lake: LakeSettings = Field(default_factory=LakeSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    spacex: SpacexSettings = Field(default_factory=SpacexSettings)
    sensors: SensorsSettings = Field(default_factory=SensorsSettings)
    spark: SparkSettings = Field(default_factory=SparkSettings)
    quarantine: QuarantineSettings = Field(default_factory=QuarantineSettings)
    warehouse: WarehouseSettings = Field(default_factory=WarehouseSettings)
    statsd: StatsdSettings = Field(default_factory=StatsdSettings)
    log: LogSettings = Field(default_factory=LogSettings)


def names() -> Iterator[tuple[str, str, str]]:
    """Every environment variable with its default and description."""
    for group, outer in Settings.model_fields.items():
        for name, setting in type(outer.get_default(call_default_factory=True)).model_fields.items():
            default = "" if setting.default is None else str(setting.default)
            yield f"ETL_{group}__{name}".upper(), default, setting.description or ""


def load() -> Settings:
    """Read the tree from the environment.

    Raises: ConfigError, naming each variable that is unknown or has an invalid value.
    """
    known = {name for name, _, _ in names()}
    unknown = sorted(name for name in os.environ if name.upper().startswith("ETL_") and name.upper() not in known)
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
