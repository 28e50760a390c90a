-- Every picture belongs to the days that were asked for. (An API that ignores a date returns its latest pictures.)
select picture_date, title
from stage.apod_pictures
where not picture_date <@ cast(%(days)s as datemultirange)
