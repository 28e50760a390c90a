-- Days are published.
insert into ops.published_days (dataset, destination, days)
values (%(dataset)s, %(destination)s, datemultirange(daterange(%(start)s, %(end)s)))
on conflict (dataset, destination) do update
    set days = ops.published_days.days + excluded.days
