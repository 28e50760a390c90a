grant select on ops.schema_version to etl_loader, engineer, metrics;

set local role platform_admin;

create table ops.run (
    run_id text collate "C" primary key,
    source text not null,
    interval_start date,
    interval_end date,
    status text not null check (status in ('running', 'published', 'unchanged', 'failed', 'abandoned')),
    origin text not null,
    extracted_by text collate "C",
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    exit_code integer,
    error text
);
comment on table ops.run is
'One row per attempt; an interval of null means the whole state of the source; extracted_by names the run in the lake.';
create index on ops.run (source, started_at);

create table ops.run_dataset (
    run_id text collate "C" not null references ops.run,
    dataset text not null,
    rows_received bigint not null,
    rows_published bigint not null,
    content_checksum text not null,
    is_changed boolean not null,
    primary key (run_id, dataset)
);
comment on table ops.run_dataset is 'One row per run and table: what came in, what stands there now, and its checksum.';

create table ops.audit_result (
    run_id text collate "C" not null references ops.run,
    audit text not null,
    offending_rows bigint not null,
    sample jsonb not null,
    audited_at timestamptz not null default clock_timestamp(),
    primary key (run_id, audit)
);
comment on table ops.audit_result is 'One row per run and audit; offending_rows above 0 means that nothing was published.';

create table ops.watermark (
    dataset text primary key,
    last_processed_date date not null,
    next_start_date date not null,
    run_id text collate "C" not null references ops.run
);
comment on table ops.watermark is 'One row per dataset: the end of the latest published interval.';

create table ops.quarantine (
    quarantine_id bigint generated always as identity primary key,
    run_id text collate "C" not null references ops.run,
    endpoint text not null,
    page integer not null,
    position integer not null,
    reason text not null,
    record text not null,
    quarantined_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    resolution text check (resolution in ('read again', 'replayed'))
);
comment on table ops.quarantine is 'One row per refused record, kept with its reason until it is read again or replayed.';
create index on ops.quarantine (endpoint) where resolved_at is null;

grant insert, update on ops.run, ops.quarantine, ops.watermark to etl_loader;
grant insert on ops.run_dataset, ops.audit_result to etl_loader;

reset role;
