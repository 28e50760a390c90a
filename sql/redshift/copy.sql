-- Loads the rows of one run: the files that its manifest lists, and no others.
copy {table}
from '{manifest}'
iam_role {iam_role}
format as parquet
manifest{nested}
