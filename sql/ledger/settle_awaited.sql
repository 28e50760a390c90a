-- The days that were read again and are complete now are no longer awaited.
delete from ops.awaited_day
where
    dataset = %(dataset)s
    and destination = %(destination)s
    and day >= %(start)s
    and day < %(end)s
    and day <> all(cast(%(incomplete)s as date[]))
