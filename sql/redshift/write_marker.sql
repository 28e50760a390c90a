-- The published run of a source from now on.
insert into ops.published (source, run_id, extraction_id, days, outcomes, published_at)
values (%(source)s, %(run_id)s, %(extraction_id)s, %(days)s, %(outcomes)s, cast(getdate() as timestamp))
