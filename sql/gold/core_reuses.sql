-- gold.core_reuses: one row per core and launch, from the core's second launch on.
with
flown_cores as (
    select
        slots.core_id,
        launches.launch_id,
        launches.name as launch_name,
        launches.launched_at
    from silver.spacex_launch_cores as slots
    inner join silver.spacex_launches as launches on slots.launch_id = launches.launch_id
    where slots.core_id is not null and not launches.is_upcoming  -- null: no core assigned yet
),

previous_flights as (
    select
        core_id,
        launch_id,
        launch_name,
        launched_at,
        cast(row_number() over flights - 1 as bigint) as reuse_number,
        lag(launch_id) over flights as previous_launch_id,
        lag(launch_name) over flights as previous_launch_name,
        lag(launched_at) over flights as previous_launched_at
    from flown_cores
    window flights as (partition by core_id order by launched_at asc nulls last, launch_id asc nulls last)
)

select
    flights.core_id,
    cores.serial,
    flights.reuse_number,
    flights.launch_id,
    flights.launch_name,
    flights.launched_at,
    flights.previous_launch_id,
    flights.previous_launch_name,
    flights.previous_launched_at,
    cast(
        extract(epoch from flights.launched_at) - extract(epoch from flights.previous_launched_at) as double precision
    ) / 86400.0 as days_since_previous
from previous_flights as flights
left join silver.spacex_cores as cores on flights.core_id = cores.core_id
where flights.previous_launch_id is not null
