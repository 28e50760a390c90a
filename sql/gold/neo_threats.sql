-- gold.neo_threats: one row per object and day on which it passes Earth, with what is known about the object now.
with
facts as (
    select
        passes.*,
        objects.orbit_class,
        objects.moid_au,
        objects.is_hazardous,
        risks.impact_probability,
        risks.palermo_cumulative,
        risks.torino_max,
        objects.designation is not null as is_known,
        case
            when risks.designation is not null then 1
            when objects.is_hazardous and passes.miss_distance_au <= cast(0.05 as double precision) then 2
            when passes.miss_distance_ld <= cast(1 as double precision) then 3
            when objects.is_hazardous then 4
            else 5
        end as attention_rank,
        (passes.diameter_min_km + passes.diameter_max_km) / cast(2 as double precision) as size_km,
        passes.velocity_km_s * 3600 / 100000 as speed,  -- in 100,000 km/h
        case when objects.is_hazardous then cast(0.3 as double precision) else cast(0 as double precision) end as hazard
    from silver.neo_close_approaches as passes
    left join silver.neo_objects as objects on passes.designation = objects.designation
    left join silver.neo_risks as risks on passes.designation = risks.designation
)

select
    designation,
    approach_date,
    approach_at,
    cast(date_trunc('month', approach_date) as date) as month_start_date,
    full_name,
    case attention_rank
        when 1 then 'sentry'
        when 2 then 'pha_close'
        when 3 then 'close'
        when 4 then 'pha'
        else 'routine'
    end as attention,
    attention_rank,
    miss_distance_au,
    miss_distance_km,
    miss_distance_ld,
    miss_distance_min_au,
    miss_distance_min_km,
    miss_distance_min_ld,
    miss_distance_max_au,
    miss_distance_max_km,
    miss_distance_max_ld,
    miss_distance_min_au <= cast(0.0000426 as double precision) as is_impact_possible,
    time_uncertainty_minutes,
    velocity_km_s,
    absolute_magnitude,
    diameter_min_km,
    diameter_nominal_km,
    diameter_max_km,
    energy_min_mt,
    energy_nominal_mt,
    energy_max_mt,
    is_known,
    orbit_class,
    moid_au,
    is_hazardous,
    impact_probability,
    palermo_cumulative,
    torino_max,
    case
        when size_km is not null and is_hazardous is not null
            then
                cast(0.3 as double precision) * case when size_km < 1 then size_km else cast(1 as double precision) end
                + cast(0.2 as double precision) * case when speed < 1 then speed else cast(1 as double precision) end
                + cast(0.2 as double precision)
                * case when miss_distance_km > 1 then 1 / miss_distance_km else cast(1 as double precision) end
                + hazard
    end as seed_threat_score
from facts
