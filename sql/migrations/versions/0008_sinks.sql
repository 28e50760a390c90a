set local role platform_admin;

alter table ops.run add column sink text not null default 'warehouse' check (sink in ('warehouse', 'lake'));
comment on column ops.run.sink is 'Where gold goes: into tables of the warehouse, or as Parquet into the lake.';

alter table ops.watermark
add column sink text not null default 'warehouse' check (sink in ('warehouse', 'lake')),
drop constraint watermark_pkey,
add primary key (dataset, sink);
comment on table ops.watermark is 'One row per dataset and sink: the end of the latest interval published there.';

-- Runs of before that went into the lake say so by their checksums. A watermark that one of them moved is the lake's:
-- how far the warehouse is, nobody knows any more, so the next run without dates reads as much as a first one.
update ops.run set sink = 'lake'
where run_id in (select run_id from ops.run_dataset where content_checksum = 'in the lake');
update ops.watermark set sink = 'lake'
where run_id in (select run_id from ops.run where sink = 'lake');

reset role;
