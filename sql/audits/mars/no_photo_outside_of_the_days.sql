-- Every photo was taken on one of the days that were asked for. (The feeds know sols only, which reach beyond them.)
select
    photo_id,
    taken_date
from stage.mars_photos
where not taken_date <@ cast(%(days)s as datemultirange)
