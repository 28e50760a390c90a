"""What tests of several folders know, written down once and not taken from what they test."""

import pyarrow as pa

# The type that Postgres gives a column of a dataset.
POSTGRES = {
    pa.string(): "text",
    pa.bool_(): "boolean",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamp with time zone",
    pa.list_(pa.string()): "text[]",
}
