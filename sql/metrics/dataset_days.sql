-- etl_dataset_days: one row per silver dataset in the warehouse whose days are known.
with
today as (
    select (clock_timestamp() at time zone 'UTC')::date as day
)

select
    run.source,
    published.dataset,
    coalesce((
        select sum(upper(gap.days) - lower(gap.days))
        from unnest(datemultirange(range_merge(published.days)) - published.days) as gap (days)
    ), 0)::bigint as missing,
    (
        select count(*) from ops.awaited_day as awaited
        where
            awaited.dataset = published.dataset
            and awaited.destination = published.destination
            and awaited.awaited_until >= today.day
    ) as awaited,
    (
        select count(*) from ops.awaited_day as awaited
        where
            awaited.dataset = published.dataset
            and awaited.destination = published.destination
            and awaited.awaited_until between today.day - 14 and today.day - 1
    ) as given_up
from ops.published_days as published
inner join ops.watermark as mark on published.dataset = mark.dataset and published.destination = mark.destination
inner join ops.run as run on mark.run_id = run.run_id
cross join today
where published.destination = 'warehouse'
