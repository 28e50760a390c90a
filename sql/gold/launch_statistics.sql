-- gold.launch_statistics: one row per year and kind of rocket, launches that have flown only.
with
flown as (
    select
        launch_id,
        rocket_id,
        is_success,
        cast(extract(year from launched_date) as integer) as launch_year
    from silver.spacex_launches
    where not is_upcoming
),

landings as (
    select
        launch_id,
        sum(case when is_landing_attempted then 1 else 0 end) as landings_tried,
        sum(case when is_landing_attempted and is_landing_success then 1 else 0 end) as landings_made
    from silver.spacex_launch_cores
    group by launch_id
)

select
    flown.launch_year,
    flown.rocket_id,
    coalesce(rockets.name, flown.rocket_id) as rocket_name,
    count(*) as launches,
    cast(sum(case when flown.is_success then 1 else 0 end) as bigint) as successes,
    cast(sum(case when not flown.is_success then 1 else 0 end) as bigint) as failures,
    cast(sum(coalesce(landings.landings_tried, 0)) as bigint) as landings_tried,
    cast(sum(coalesce(landings.landings_made, 0)) as bigint) as landings_made
from flown
left join silver.spacex_rockets as rockets on flown.rocket_id = rockets.rocket_id
left join landings on flown.launch_id = landings.launch_id
group by flown.launch_year, flown.rocket_id, coalesce(rockets.name, flown.rocket_id)
