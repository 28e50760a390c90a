"""Short names for the Arrow types of columns."""

import pyarrow as pa

TEXT, BOOL, INT, BIGINT, FLOAT = pa.string(), pa.bool_(), pa.int32(), pa.int64(), pa.float64()
INSTANT, DAY, TEXTS = pa.timestamp("us", tz="UTC"), pa.date32(), pa.list_(pa.string())
