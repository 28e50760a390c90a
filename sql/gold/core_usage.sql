-- gold.core_usage: one row per core that has flown.
with
flown_cores as (
    select
        slots.core_id,
        launches.launch_id,
        launches.launched_at,
        launches.launched_date
    from silver.spacex_launch_cores as slots
    inner join silver.spacex_launches as launches on slots.launch_id = launches.launch_id
    where slots.core_id is not null and not launches.is_upcoming  -- null: no core assigned yet
),

previous_flights as (
    select
        core_id,
        launched_at,
        launched_date,
        lag(launched_at) over flights as previous_launched_at
    from flown_cores
    window flights as (partition by core_id order by launched_at asc nulls last, launch_id asc nulls last)
),

gaps as (
    select
        core_id,
        launched_date,
        cast(extract(epoch from launched_at) - extract(epoch from previous_launched_at) as double precision)
        / 86400.0 as days_since_previous
    from previous_flights
)

select
    gaps.core_id,
    cores.serial,
    count(*) as launches,
    count(*) - 1 as reuses,
    min(gaps.launched_date) as first_launch_date,
    max(gaps.launched_date) as last_launch_date,
    min(gaps.days_since_previous) as shortest_gap_days
from gaps
left join silver.spacex_cores as cores on gaps.core_id = cores.core_id
group by gaps.core_id, cores.serial
