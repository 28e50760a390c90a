-- The refused records, of a source and on the way into a destination if they are named, that nobody has settled yet.
select
    quarantine.quarantine_id,
    quarantine.run_id,
    run.destination,
    quarantine.endpoint,
    quarantine.page,
    quarantine.position,
    quarantine.reason,
    quarantine.record,
    quarantine.about,
    quarantine.received_at,
    quarantine.quarantined_at
from ops.quarantine as quarantine
inner join ops.run as run on quarantine.run_id = run.run_id
where
    quarantine.resolved_at is null
    and run.source = coalesce(%(source)s, run.source)
    and run.destination = coalesce(%(destination)s, run.destination)
order by quarantine.quarantine_id
