set local role platform_admin;

create table silver.neows_passes (
    neo_id text collate "C" not null,
    approach_date date not null,
    approach_at timestamptz not null,
    designation text collate "C" not null,
    full_name text collate "C" not null,
    miss_distance_au double precision not null,
    miss_distance_km double precision not null,
    miss_distance_ld double precision not null,
    velocity_km_s double precision not null,
    absolute_magnitude double precision,
    diameter_min_km double precision,
    diameter_max_km double precision,
    is_hazardous boolean not null,
    is_on_risk_list boolean not null,
    received_at timestamptz not null,
    primary key (neo_id, approach_date)
) partition by range (approach_date);
comment on table silver.neows_passes is 'One row per object of NeoWs and day on which it passes Earth.';

alter table ops.schedule add column is_optional boolean not null default false;
comment on column ops.schedule.is_optional is
'Whether the source wants something that not everybody has, such as a key: it is watched once it has been published.';

insert into ops.schedule (source, every, is_optional)
values ('neows', '1 day', true);  -- as dags/neows.py says

reset role;
