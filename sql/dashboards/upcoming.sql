-- One row per launch that has not taken place, the next one first.
select
    launches.name as launch,
    launches.launched_at as planned,
    launches.date_precision as exact_to,
    rockets.name as rocket,
    pads.name as launchpad
from silver.spacex_launches as launches
left join silver.spacex_rockets as rockets on launches.rocket_id = rockets.rocket_id
left join silver.spacex_launchpads as pads on launches.launchpad_id = pads.launchpad_id
where launches.is_upcoming
order by launches.launched_at, launches.launch_id
