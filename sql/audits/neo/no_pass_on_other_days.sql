-- Every pass is on a day that was asked for.
select designation, approach_date
from stage.neo_close_approaches
where not approach_date <@ cast(%(days)s as datemultirange)
