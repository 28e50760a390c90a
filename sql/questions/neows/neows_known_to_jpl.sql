-- How many of NeoWs' objects and passes does JPL know as well, each by its designation and on its day?
select
    count(distinct neows.designation) as objects,
    count(distinct objects.designation) as known_objects,
    count(*) as passes,
    count(passes.designation) as known_passes
from silver.neows_passes as neows
left join silver.neo_objects as objects on neows.designation = objects.designation
left join silver.neo_close_approaches as passes
    on neows.designation = passes.designation and neows.approach_date = passes.approach_date
