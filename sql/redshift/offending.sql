-- The first rows that an audit finds, each with the number of all.
with offending as (
{query}
)

select *, count(*) over () as offending_rows
from offending
limit {limit}
