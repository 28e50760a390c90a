-- A table's outcome in a run.
insert into ops.run_dataset (
    run_id, dataset, rows_received, rows_published, content_checksum, is_changed, rows_lost
)
values (
    %(run_id)s,
    %(dataset)s,
    %(rows_received)s,
    %(rows_published)s,
    %(content_checksum)s,
    %(is_changed)s,
    %(rows_lost)s
)
