-- etl_dataset_usual: one row per dataset with at least three successful runs into the warehouse before the latest.
with
earlier as (
    select
        schedule.source,
        run.run_id
    from ops.schedule as schedule
    cross join lateral (
        select run.run_id
        from ops.run as run
        where
            run.source = schedule.source
            and run.destination = 'warehouse'
            and run.status in ('published', 'unchanged')
            and exists (select 1 from ops.run_dataset where ops.run_dataset.run_id = run.run_id)
        order by run.end_number desc
        limit 20 offset 1
    ) as run
)

select
    earlier.source,
    published.dataset,
    percentile_cont(0.5) within group (order by published.rows_published) as rows
from earlier
inner join ops.run_dataset as published on earlier.run_id = published.run_id
group by earlier.source, published.dataset
having count(*) >= 3
