set local role platform_admin;

-- Two ids, two names: run_id is a run in this ledger, extraction_id an extraction in the lake.
alter table ops.run rename column extracted_by to extraction_id;
comment on table ops.run is
'One row per run; an interval of null means the whole state of the source; extraction_id names the extraction in the lake.';

-- Which destinations there are is for the code to say.
alter table ops.run rename column sink to destination;
alter table ops.run drop constraint run_sink_check;
comment on column ops.run.destination is 'What the run is published into, such as warehouse or lake.';
alter table ops.watermark rename column sink to destination;
alter table ops.watermark drop constraint watermark_sink_check;
comment on table ops.watermark is 'One row per dataset and destination: the end of the latest interval published there.';

alter table ops.run_dataset alter column content_checksum drop not null;
update ops.run_dataset set content_checksum = null where content_checksum = 'in the lake';
comment on column ops.run_dataset.content_checksum is 'Checksum of the rows; null where the destination computes none.';

-- What a record's page was about and when it was received: without it a record cannot be parsed again.
alter table ops.quarantine add column about json, add column received_at timestamptz;
comment on column ops.quarantine.about is 'What the parser must know of the request; null for records of earlier versions.';
comment on column ops.quarantine.received_at is 'When the page was received; null for records of earlier versions.';

-- Which columns are bookkeeping is declared beside the column, and passed on.
drop function ops.content(text, text);
create function ops.content(
    schema_name text, table_name text, bookkeeping text [], out row_count bigint, out content_checksum text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    content text;  -- the columns that count; all of them as t.*, which hashes faster
begin
    select case
        when bool_or(attname = any(bookkeeping))
        then format(
            'row(%s)',
            string_agg(format('t.%I', attname), ', ' order by attnum) filter (where attname <> all(bookkeeping))
        )
        else 't.*'
    end into content
    from pg_attribute
    where attrelid = format('%I.%I', schema_name, table_name)::regclass and attnum > 0 and not attisdropped;
    execute format(
        'select count(*), count(*) || '':'' || coalesce(sum(hash_record_extended(%s, 0)), 0) from %I.%I as t',
        content, schema_name, table_name
    ) into row_count, content_checksum;
end
$$;
comment on function ops.content is
'Row count and a checksum of the rows, whatever their order and whatever their bookkeeping columns say.';
grant execute on function ops.content to etl_loader;

reset role;
