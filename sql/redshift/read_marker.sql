-- The published run of a source.
select run_id, extraction_id, days, outcomes from ops.published where source = %(source)s
