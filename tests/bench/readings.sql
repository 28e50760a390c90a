set local role platform_admin;

create table silver.bench_readings (
    sensor_id text collate "C" not null,
    reading_date date not null,
    temperature_max_c double precision,
    temperature_min_c double precision,
    precipitation_mm double precision,
    region text not null,
    is_complete boolean not null,
    primary key (sensor_id, reading_date)
);
comment on table silver.bench_readings is 'One row per sensor and day.';

reset role;
