set local role platform_admin;

alter table ops.run add column sink text not null default 'warehouse' check (sink in ('warehouse', 'lake'));
comment on column ops.run.sink is 'Where gold went: into tables of the warehouse, or into files of the lake.';

alter table ops.watermark add column sink text not null default 'warehouse' check (sink in ('warehouse', 'lake'));
alter table ops.watermark drop constraint watermark_pkey, add primary key (dataset, sink);
comment on table ops.watermark is 'One row per dataset and sink: the end of the latest interval that was published there.';

reset role;
