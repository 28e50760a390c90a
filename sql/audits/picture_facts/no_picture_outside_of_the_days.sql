-- Every picture belongs to the days that were asked for.
select
    source,
    item_id,
    picture_date
from stage.picture_facts
where not picture_date <@ cast(%(days)s as datemultirange)
