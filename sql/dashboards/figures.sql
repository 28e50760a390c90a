-- One row: the figures at the top of the launches dashboard.
with
launches as (
    select
        sum(launches) as launches,
        sum(successes)::double precision / nullif(sum(successes) + sum(failures), 0) as success_ratio,
        sum(landings_made)::double precision / nullif(sum(landings_tried), 0) as landing_ratio
    from gold.launch_statistics
),

usage as (
    select max(reuses) as most_reuses
    from gold.core_usage
),

reuses as (
    select
        count(*) filter (where days_since_previous < 50) as reuses_within_50_days,
        min(days_since_previous) as shortest_days
    from gold.core_reuses
)

select
    launches.launches,
    launches.success_ratio,
    launches.landing_ratio,
    usage.most_reuses,
    reuses.reuses_within_50_days,
    reuses.shortest_days
from launches
cross join usage
cross join reuses
