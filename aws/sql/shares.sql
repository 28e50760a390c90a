with shares as (
    select extraction_id, extraction_id as reader, "interval"[1] as since, "interval"[2] as until
    from ${{stored}}.runs
    where source = '{source}' and failed_audit = '' and "interval" is not null and cardinality(holds) = 0
    union all
    select extraction_id, hold[3] as reader, hold[1] as since, hold[2] as until
    from ${{stored}}.runs cross join unnest(holds) as each (hold)
    where source = '{source}' and failed_audit = ''
)
