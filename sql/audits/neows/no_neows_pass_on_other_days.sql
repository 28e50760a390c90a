-- Every pass is on a day that was asked for.
select neo_id, approach_date
from stage.neows_passes
where not approach_date <@ cast(%(days)s as datemultirange)
