-- At least 99 in 100 objects on the risk list are in the Small-Body Database; a single one may be too new for it.
with
judged as (
    select
        risks.designation,
        objects.designation is null as is_unknown,
        count(*) over () as listed,
        count(*) filter (where objects.designation is null) over () as unknown
    from stage.neo_risks as risks
    left join stage.neo_objects as objects on risks.designation = objects.designation
)

select designation, unknown, listed
from judged
where is_unknown and unknown > 1 and unknown * 100 > listed
