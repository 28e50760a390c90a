-- One row per core and launch, from the core's second launch on.
select
    core_id,
    serial,
    reuse_number,
    launch_id,
    launch_name,
    launched_at,
    previous_launch_id,
    previous_launch_name,
    previous_launched_at,
    days_since_previous
from gold.core_reuses
order by launched_at, core_id
