-- etl_audit: one row per audit of the latest attempt of each source that got as far as its audits.
with
latest as (
    select
        schedule.source,
        (
            select run.run_id
            from ops.run as run
            where
                run.source = schedule.source
                and run.destination = 'warehouse'
                and exists (select 1 from ops.audit_result where ops.audit_result.run_id = run.run_id)
            order by run.run_number desc
            limit 1
        ) as run_id
    from ops.schedule as schedule
)

select
    latest.source,
    found.audit,
    found.offending_rows
from latest
inner join ops.audit_result as found on latest.run_id = found.run_id
