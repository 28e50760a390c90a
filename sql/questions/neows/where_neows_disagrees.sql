-- Where do NeoWs and JPL disagree: on the risk list, on what is hazardous, or by over 1 percent on the distance?
with
compared as (
    select
        neows.designation,
        neows.approach_date,
        neows.is_on_risk_list as neows_risk,
        risks.designation is not null as jpl_risk,
        neows.is_hazardous as neows_hazardous,
        objects.is_hazardous as jpl_hazardous,
        neows.miss_distance_au as neows_au,
        passes.miss_distance_au as jpl_au,
        risks.palermo_cumulative as palermo
    from silver.neows_passes as neows
    inner join silver.neo_objects as objects on neows.designation = objects.designation
    left join silver.neo_risks as risks on neows.designation = risks.designation
    left join silver.neo_close_approaches as passes
        on neows.designation = passes.designation and neows.approach_date = passes.approach_date
)

select
    designation,
    approach_date,
    neows_risk,
    jpl_risk,
    palermo,
    neows_hazardous,
    jpl_hazardous,
    round(cast(neows_au as numeric(18, 9)), 4) as neows_au,
    round(cast(jpl_au as numeric(18, 9)), 4) as jpl_au
from compared
where neows_risk != jpl_risk or neows_hazardous != jpl_hazardous or abs(neows_au - jpl_au) > jpl_au / 100
order by palermo desc nulls last, approach_date desc, designation asc
limit 20
