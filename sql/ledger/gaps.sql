-- Days between published ones that are not published, and published days with unknown values: each stretch of them.
with
gaps as (
    select
        dataset,
        destination,
        'not published' as state,
        datemultirange(range_merge(days)) - days as days
    from ops.published_days
    union all
    select
        dataset,
        destination,
        case
            when awaited_until >= (clock_timestamp() at time zone 'UTC')::date then 'incomplete, awaited'
            else 'incomplete, given up'
        end as state,
        range_agg(daterange(day, day + 1)) as days
    from ops.awaited_day
    group by dataset, destination, state
)

select
    gaps.dataset,
    gaps.destination,
    lower(stretch.days) as start_date,
    upper(stretch.days) as end_date,
    upper(stretch.days) - lower(stretch.days) as days,
    gaps.state
from gaps
cross join unnest(gaps.days) as stretch (days)
order by gaps.destination desc, gaps.dataset asc, start_date asc
