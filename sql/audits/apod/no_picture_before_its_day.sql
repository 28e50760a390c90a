-- No picture is published before its day: the archive holds future ones, which may still change.
select picture_date, title, received_at
from stage.apod_pictures
where picture_date > cast(received_at at time zone 'UTC' as date)
