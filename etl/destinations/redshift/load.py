"""Rows of one run from the lake into a stage table: a manifest names their files, and COPY reads no others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from etl.core.errors import ConfigError
from etl.core.tables import Dataset
from etl.destinations.redshift.connection import Redshift
from etl.destinations.redshift.statements import is_nested, text
from etl.lake import layout, parquet
from etl.lake.silver import Transformed
from etl.lake.store import Lake


@dataclass(frozen=True)
class Loads:
    """Silver of one extraction, which Redshift reads with `iam_role`."""

    lake: Lake
    transformed: Transformed
    iam_role: str

    def rows(self, dataset: Dataset) -> int:
        """How many rows the extraction has."""
        return self.transformed.rows[dataset.name]

    def copy(self, redshift: Redshift, dataset: Dataset) -> None:
        """Append the rows to `stage.<dataset>`.

        Raises: ConfigError if Redshift cannot read the lake, or would put values into the wrong columns.
        """
        files = self.transformed.files[dataset.name]
        if not files:
            return
        self._require_object_store()
        self._require_columns(dataset, files)
        path = f"{layout.folder('parsed', f'{dataset.name}_manifest', self.transformed.extraction_id)}/manifest.json"
        self.lake.write(path, manifest(self.lake, files))
        try:
            redshift.execute(
                text(
                    "redshift/copy",
                    table=f"stage.{dataset.name}",
                    manifest=self.lake.object_url(path),
                    iam_role="default" if self.iam_role == "default" else f"'{self.iam_role}'",
                    nested="\nserializetojson" if any(is_nested(column.type) for column in dataset.columns) else "",
                )
            )
        finally:
            self.lake.delete(path)

    def _require_object_store(self) -> None:
        if self.lake.is_local:
            raise ConfigError(
                f"Redshift loads from S3 only, and the lake is the directory {self.lake.url}.",
                hint="Set ETL_LAKE__URL to s3://bucket/prefix, and run again: docs/how-to/lake-on-s3.md.",
            )

    def _require_columns(self, dataset: Dataset, files: Sequence[str]) -> None:
        """COPY matches columns by their position in the file, not by name."""
        for file in files:
            if parquet.columns(self.lake, file) != dataset.schema.names:
                source, extraction_id = self.transformed.source, self.transformed.extraction_id
                raise ConfigError(
                    f"The columns of {file} are not those that {dataset.name} has now.",
                    hint=f"Run `etl transform {source} --extraction {extraction_id}`, then publish again.",
                )


def manifest(lake: Lake, files: Sequence[str]) -> bytes:
    """The list of files that COPY reads; each must exist, with exactly that length."""
    entries = [
        {"url": lake.object_url(file), "mandatory": True, "meta": {"content_length": lake.size(file)}} for file in files
    ]
    return json.dumps({"entries": entries}, indent=1).encode()
