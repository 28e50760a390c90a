-- At least 99 in 100 objects that pass are in the Small-Body Database; a single one may be too new for it.
with
judged as (
    select
        passing.designation,
        objects.designation is null as is_unknown,
        count(*) over () as passing,
        count(*) filter (where objects.designation is null) over () as unknown
    from (select distinct passes.designation from stage.neo_close_approaches as passes) as passing
    left join stage.neo_objects as objects on passing.designation = objects.designation
)

select designation, unknown, passing
from judged
where is_unknown and unknown > 1 and unknown * 100 > passing
