set local role platform_admin;

create table silver.sensor_readings (
    sensor_id text collate "C" not null,
    region text collate "C" not null,
    latitude double precision not null,
    longitude double precision not null,
    reading_date date not null,
    temperature_max double precision,
    temperature_min double precision,
    temperature_avg double precision,
    temperature_range double precision,
    temperature_max_f double precision,
    temperature_min_f double precision,
    temperature_avg_f double precision,
    precipitation double precision,
    temp_category text collate "C",
    precipitation_level text collate "C",
    is_complete boolean not null,
    data_quality_score integer not null,
    region_avg_temp double precision,
    region_total_precipitation double precision,
    received_at timestamptz not null,
    processed_at timestamptz not null,
    processing_version text collate "C" not null,
    primary key (sensor_id, reading_date)
) partition by range (sensor_id);
comment on table silver.sensor_readings is 'One row per sensor and day.';

create table gold.sensor_region_months (
    region text collate "C" not null,
    month_start_date date not null,
    sensors bigint not null,
    readings bigint not null,
    complete_readings bigint not null,
    temperature_max double precision,
    temperature_min double precision,
    temperature_avg double precision,
    precipitation_avg double precision,
    freezing_readings bigint not null,
    hot_readings bigint not null,
    wet_readings bigint not null,
    primary key (region, month_start_date)
) partition by range (region);
comment on table gold.sensor_region_months is 'One row per region and month.';

create table gold.sensor_extremes (
    kind text collate "C" not null,
    sensor_id text collate "C" not null,
    region text collate "C" not null,
    reading_date date not null,
    value double precision not null,
    unit text collate "C" not null,
    primary key (kind)
) partition by range (kind);
comment on table gold.sensor_extremes is 'One row per kind of extreme.';

create table gold.sensor_quality (
    month_start_date date not null,
    readings bigint not null,
    complete_readings bigint not null,
    complete_rate_pct double precision not null,
    temperature_max_nulls bigint not null,
    temperature_min_nulls bigint not null,
    precipitation_nulls bigint not null,
    data_quality_score_avg double precision not null,
    primary key (month_start_date)
) partition by range (month_start_date);
comment on table gold.sensor_quality is 'One row per month.';

insert into ops.schedule (source, every) values ('sensors', '1 day');  -- as dags/sensors.py says

create or replace function ops.content(
    schema_name text, table_name text, out row_count bigint, out content_checksum text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    content text;  -- what of a row counts: all of it, but for when it was received and processed
begin
    select case
        when bool_or(attname in ('received_at', 'processed_at'))
        then format(
            'row(%s)',
            string_agg(format('t.%I', attname), ', ' order by attnum)
            filter (where attname not in ('received_at', 'processed_at'))
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
'Row count and a checksum of the rows, whatever their order and whenever they were received and processed.';

reset role;
