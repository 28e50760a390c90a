-- At least 99 in 100 objects are in JPL's Small-Body Database, if that was published within a week of these passes.
-- An object that got its number keeps its earlier designation in NeoWs beside the new one: JPL has that in the name.
with
listed as (
    select designation from silver.neo_objects
    union
    select substring(full_name from '\(([^()]+)\)$') from silver.neo_objects
),

received as (
    select
        (select max(passes.received_at) from stage.neows_passes as passes) as passes_at,
        (select max(objects.received_at) from silver.neo_objects as objects) as objects_at
),

judged as (
    select
        passing.designation,
        listed.designation is null as is_unknown,
        count(*) over () as passing,
        count(*) filter (where listed.designation is null) over () as unknown
    from (select distinct passes.designation from stage.neows_passes as passes) as passing
    left join listed on passing.designation = listed.designation
)

select judged.designation, judged.unknown, judged.passing
from judged
cross join received
where
    judged.is_unknown and judged.unknown > 1 and judged.unknown * 100 > judged.passing
    and abs(extract(epoch from received.passes_at - received.objects_at)) < 7 * 86400
