-- The first rows that an audit finds, each with their total number.
with offending as (
{query}
)

select *, count(*) over () as offending_rows
from offending
limit {limit}
