-- The refused records of a source that nobody has mended yet.
select
    quarantine.quarantine_id,
    quarantine.run_id,
    quarantine.endpoint,
    quarantine.page,
    quarantine.position,
    quarantine.reason,
    quarantine.record,
    quarantine.quarantined_at
from ops.quarantine as quarantine
inner join ops.run as run on quarantine.run_id = run.run_id
where quarantine.resolved_at is null and run.source = coalesce(%(source)s, run.source)
order by quarantine.quarantine_id
