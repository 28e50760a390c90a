-- {grain}: of each day, as the newest extraction of that day has it
{shares},
newest as (
    select days.day, max_by(shares.extraction_id, shares.reader || ' ' || shares.extraction_id) as extraction_id
    from (select distinct {day} as day from ${{stored}}.{table}) as days
    join shares on days.day >= cast(shares.since as date) and days.day < cast(shares.until as date)
    group by days.day
)
select {columns}
from ${{stored}}.{table} as stored
join newest
    on newest.day = stored.{day} and newest.extraction_id = regexp_extract("$path", '([^/]+)/[^/]+$', 1)
