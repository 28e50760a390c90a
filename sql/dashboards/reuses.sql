-- One row per reuse: the days since the core's previous launch, in one of two columns: less than 50, or 50 and more.
select
    launched_at as time,
    case when days_since_previous < 50 then days_since_previous end as within_50_days,
    case when days_since_previous >= 50 then days_since_previous end as later
from gold.core_reuses
order by launched_at, core_id
