"""The lake's tables in AWS Glue, which Athena asks: they follow those of the catalogue in Postgres.

Glue commits one table at a time, and knows nothing of the ledger. So it decides nothing: once a run is committed, each
of its tables there is made to name the metadata that is current here. Import it where it is needed: it wants boto3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from pyiceberg.catalog import METADATA_LOCATION, TABLE_TYPE
from pyiceberg.catalog.glue import GlueCatalog, _construct_table_input
from pyiceberg.exceptions import CommitFailedException, NoSuchNamespaceError, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.typedef import EMPTY_DICT

from etl.core.errors import AccessError, ConfigError, LakeUnavailableError, PlatformError

if TYPE_CHECKING:
    from etl.lake.tables import Table

AGAIN = "`etl lake repair`, or the next run of its source, puts Glue right."
PATIENCE = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard"})
FORBIDDEN = 403
MAY_NOT = {"AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"}


@dataclass(frozen=True)
class Followed:
    """A table that Glue now shows as it is; `instead_of` is the metadata of somebody else that Glue named before."""

    table: str
    instead_of: str | None = None


class Glue:
    """The databases of Glue whose names begin so."""

    def __init__(self, prefix: str, region: str | None) -> None:
        self._prefix = prefix
        with _errors("Glue cannot be asked"):
            client = boto3.client("glue", region_name=region, config=PATIENCE)
            self._catalogue = GlueCatalog("glue", client)

    def follow(self, table: Table) -> Followed | None:
        """Have Glue name the current metadata of a table; None if it did already.

        What somebody else has written to the table in Glue is not shown any more: it is not in the catalogue.
        Raises: ConfigError if what Glue calls so is not a table of this lake.
        """
        database, name = self._identifier(table.name)
        with _errors(f"{table.name} is published, but Glue does not lead to it yet"):
            held = self._held(table.name)
            if held is None:
                wanted = _construct_table_input(name, table.metadata_location, EMPTY_DICT, table.metadata)
                self._catalogue._create_glue_table(database, name, wanted)
                return Followed(table.name)
            self._refuse_what_is_not_ours(held, table)
            before: str = held["Parameters"].get(METADATA_LOCATION, "")
            if before == table.metadata_location:
                return None
            wanted = _construct_table_input(
                name, table.metadata_location, EMPTY_DICT, table.metadata, held, prev_metadata_location=before
            )
            self._catalogue._update_glue_table(database, name, wanted, held["VersionId"])
            is_ours = before in {entry.metadata_file for entry in table.metadata.metadata_log}
            return Followed(table.name, None if is_ours else before)

    def shows(self, table: str) -> str | None:
        """The metadata that Glue names for a table such as `silver.sensor_readings`; None if it knows no such table."""
        with _errors(f"Glue does not say what it knows of {table}"):
            held = self._held(table)
            return None if held is None else held.get("Parameters", {}).get(METADATA_LOCATION)

    def _identifier(self, table: str) -> tuple[str, str]:
        schema, _, name = table.partition(".")
        return f"{self._prefix}_{schema}", name

    def _held(self, table: str) -> Any:
        try:
            return self._catalogue._get_glue_table(*self._identifier(table))
        except NoSuchTableError:
            return None

    def _refuse_what_is_not_ours(self, held: Any, table: Table) -> None:
        """Raises: ConfigError for what would be lost: a view, a table of another format, or that of another lake."""
        called = ".".join(self._identifier(table.name))
        if held.get("Parameters", {}).get(TABLE_TYPE, "").upper() != "ICEBERG":
            raise ConfigError(
                f"{table.name} is published, but in Glue, {called} is not an Iceberg table: it is left as it is.",
                hint=f"Delete it there, or set ETL_LAKE__GLUE_PREFIX to databases of your own. Then {AGAIN}",
            )
        location = held["StorageDescriptor"].get("Location", "").rstrip("/")
        if location != table.metadata.location:
            raise ConfigError(
                f"{table.name} is published, but in Glue, {called} is another lake's, at {location}: left as is.",
                hint=f"Set ETL_LAKE__GLUE_PREFIX to databases of your own, or delete it there. Then {AGAIN}",
            )


@contextmanager
def _errors(what: str) -> Iterator[None]:
    """Turn what AWS and pyiceberg raise into our errors, once, here; a PlatformError from inside passes."""
    try:
        yield
    except PlatformError:
        raise
    except NoSuchNamespaceError as error:
        raise ConfigError(
            f"{what}: {error}.",
            hint=f"Make that database, or set ETL_LAKE__GLUE_PREFIX to one that exists. Then {AGAIN}",
        ) from error
    except (CommitFailedException, TableAlreadyExistsError) as error:
        raise LakeUnavailableError(f"{what}: another process has changed it there meanwhile.", hint=AGAIN) from error
    except NoRegionError as error:
        raise ConfigError(
            f"{what}: no region is set.", hint="Give ETL_LAKE__URL one: s3://bucket/prefix?region=eu-central-1."
        ) from error
    except (ClientError, NoCredentialsError) as error:
        raise _refused(what, error) from error
    except BotoCoreError as error:
        raise LakeUnavailableError(f"{what}: {error}".rstrip(".") + ".", hint=AGAIN) from error


def _refused(what: str, error: ClientError | NoCredentialsError) -> PlatformError:
    said = str(error).rstrip(".")
    if isinstance(error, NoCredentialsError) or _is_forbidden(error):
        return AccessError(
            f"{what}: {said}.",
            hint=f"docs/how-to/read-the-lake.md says which actions of Glue must be allowed. Then {AGAIN}",
        )
    return LakeUnavailableError(f"{what}: {said}.", hint=AGAIN)


def _is_forbidden(error: ClientError) -> bool:
    """By what Glue says; by the status, if something in front of it says it."""
    answer = error.response
    return answer["Error"].get("Code") in MAY_NOT or answer["ResponseMetadata"].get("HTTPStatusCode") == FORBIDDEN
