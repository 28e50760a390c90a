-- Loads the rows of one run: the files that its manifest lists, and no others.
copy stage.spacex_payloads
from 's3://a-lake/parsed/spacex_payloads_manifest/manifest.json'
iam_role 'arn:aws:iam::123456789012:role/reads-the-lake'
format as parquet
manifest
serializetojson
