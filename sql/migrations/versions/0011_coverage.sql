set local role platform_admin;

create table ops.published_days (
    dataset text not null,
    destination text not null,
    days datemultirange not null,
    primary key (dataset, destination)
);
comment on table ops.published_days is
'One row per dataset and destination: the days that were published there; what lies between them is missing.';
grant insert, update on ops.published_days to etl_loader;

-- A day counts once it was over when its extraction began. A run that published nothing, because a later extraction was
-- published already, has no rows in ops.run_dataset.
insert into ops.published_days (dataset, destination, days)
select
    done.dataset,
    run.destination,
    range_agg(daterange(run.interval_start, least(run.interval_end, extracted.day))) as days
from ops.run as run
inner join ops.run_dataset as done on run.run_id = done.run_id
cross join lateral (
    select coalesce(to_date(left(run.extraction_id, 8), 'YYYYMMDD'), (run.started_at at time zone 'UTC')::date) as day
) as extracted
where
    done.dataset = 'sensor_readings'  -- the only one read by days so far
    and run.status in ('published', 'unchanged')
    and run.interval_start < extracted.day
group by done.dataset, run.destination;

create table ops.awaited_day (
    dataset text not null,
    destination text not null,
    day date not null,
    unknown_rows bigint not null check (unknown_rows > 0),
    awaited_until date not null,
    run_id text collate "C" not null references ops.run,
    primary key (dataset, destination, day)
);
comment on table ops.awaited_day is
'One row per day published with unknown values: it is read again until they are known, or until awaited_until is over.';
grant insert, update, delete on ops.awaited_day to etl_loader;

alter table ops.run_dataset add column rows_lost bigint not null default 0;
comment on column ops.run_dataset.rows_lost is 'Rows that were published before and that the source no longer has.';

reset role;
