set local role platform_admin;

-- Nobody publishes while rows move; readers go on reading until the last moment.
select pg_advisory_xact_lock(49, hashtext(schedule.source)) from ops.schedule as schedule order by schedule.source;

drop function ops.open_stage, ops.carry_over, ops.swap, ops.lock_published, ops.row_count, ops.content;

-- A silver table with a day has a partition for each month. So that what is built on it stays, silver.sensor_readings
-- keeps its one partition, which now has the months as its own.
do $$
declare
    month date;
    part text;
begin
    create table parts.new_sensor_readings (like silver.sensor_readings including defaults)
    partition by range (reading_date);
    alter table parts.new_sensor_readings add constraint sensor_readings_by_day_pkey primary key (sensor_id, reading_date);
    for month in select distinct date_trunc('month', reading_date)::date from silver.sensor_readings order by 1 loop
        part := to_char(month, '"sensor_readings_"YYYY_MM');
        execute format('create table parts.%I (like silver.sensor_readings including defaults)', part);
        execute format(
            'insert into parts.%I select * from silver.sensor_readings '
            'where reading_date >= %L and reading_date < %L order by sensor_id, reading_date',
            part, month, month + interval '1 month'
        );
        execute format('alter table parts.%I add primary key (sensor_id, reading_date)', part);
        execute format(
            'alter table parts.new_sensor_readings attach partition parts.%I for values from (%L) to (%L)',
            part, month, month + interval '1 month'
        );
    end loop;
    if to_regclass('parts.sensor_readings') is not null then
        alter table silver.sensor_readings detach partition parts.sensor_readings;
        drop table parts.sensor_readings;
    end if;
    alter table parts.new_sensor_readings rename to sensor_readings;
    alter table silver.sensor_readings
    attach partition parts.sensor_readings for values from (minvalue) to (maxvalue);
end
$$;
analyze parts.sensor_readings;

-- All other tables of earlier versions keep their one partition, for the same reason; it is now there from the start.
do $$
declare
    published record;
begin
    for published in
        select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid
        where n.nspname in ('silver', 'gold') and c.relkind = 'p'
            and not exists (select from pg_inherits where inhparent = c.oid)
    loop
        execute format(
            'create table parts.%2$I partition of %1$I.%2$I for values from (minvalue) to (maxvalue)',
            published.nspname, published.relname
        );
    end loop;
end
$$;

create table gold.sensor_dry_spells (
    month_start_date date not null,
    sensor_id text collate "C" not null,
    region text collate "C" not null,
    dry_days bigint not null,
    end_date date not null,
    open_since_date date,
    open_days bigint not null,
    primary key (month_start_date, sensor_id)
);
comment on table gold.sensor_dry_spells is 'One row per month and sensor with a dry day.';

create table gold.sensor_month_extremes (
    month_start_date date not null,
    kind text collate "C" not null,
    sensor_id text collate "C" not null,
    region text collate "C" not null,
    reading_date date not null,
    value double precision not null,
    unit text collate "C" not null,
    primary key (month_start_date, kind)
);
comment on table gold.sensor_month_extremes is 'One row per month and kind of extreme.';

create table ops.table_part (
    table_name text not null,
    month date not null,
    row_count bigint not null,
    content_checksum numeric not null,
    made_by text,
    primary key (table_name, month)
);
comment on table ops.table_part is
'One row per month of a published table, or one of 0001-01-01 for a table without months: rows, the sum of their '
'hashes, and for gold, which statement made them.';

-- The loader owns nothing: it fills a table in schema stage, and these functions, which run as the owner, bring into
-- the published one what differs. Readers see it when the loader commits, and wait for nothing.

create function ops.open_months(schema_name text, table_name text, months date []) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    months_of text;
    part text;
    month date;
begin
    if schema_name <> 'silver' then
        raise exception 'only silver has months, not %', schema_name using errcode = 'insufficient_privilege';
    end if;
    perform pg_advisory_xact_lock(51, hashtext(table_name));
    months_of := ops.month_table(format('%I.%I', schema_name, table_name));
    if (select relkind from pg_class where oid = to_regclass(format('parts.%I', table_name))) = 'r' then
        raise exception 'silver.% has one partition instead of months', table_name
        using errcode = 'object_not_in_prerequisite_state', hint = 'Migration 0012 shows how rows move into months.';
    end if;
    foreach month in array months loop
        part := table_name || to_char(month, '_YYYY_MM');
        if to_regclass(format('parts.%I', part)) is null then
            execute format('create table parts.%I (like %I.%I including defaults)', part, schema_name, table_name);
            -- unlike `create table … partition of`, this makes no reader wait
            execute format(
                'alter table %s attach partition parts.%I for values from (%L) to (%L)',
                months_of, part, month, month + interval '1 month'
            );
        end if;
    end loop;
end
$$;
comment on function ops.open_months is
'Make the partitions for these months, to be committed before rows come: a reader may see an attached partition a moment '
'later than what was committed with it, which does not matter while it is empty.';

create function ops.month_table(published text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select coalesce(
        (
            select c.oid::regclass::text from pg_inherits as i inner join pg_class as c on i.inhrelid = c.oid
            where i.inhparent = published::regclass and c.relkind = 'p'
        ),
        published
    )
$$;
comment on function ops.month_table is 'The table whose partitions are months: the published one, or its only partition.';

create function ops.open_stage(schema_name text, table_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if schema_name not in ('silver', 'gold') then
        raise exception 'only silver and gold are published, not %', schema_name using errcode = 'insufficient_privilege';
    end if;
    execute format('create unlogged table stage.%1$I (like %2$I.%1$I including defaults)', table_name, schema_name);
    execute format('grant select, insert on stage.%I to etl_loader', table_name);
end
$$;
comment on function ops.open_stage is 'Make the empty stage table beside a published one.';

create function ops.empty_stage(table_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute format('truncate stage.%I', table_name);
end
$$;
comment on function ops.empty_stage is 'Empty a stage table for the next month.';

create or replace function ops.key_stage(schema_name text, table_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    primary_key text;
begin
    select pg_get_constraintdef(oid) into strict primary_key from pg_constraint
    where conrelid = format('%I.%I', schema_name, table_name)::regclass and contype = 'p';
    execute format('alter table stage.%I add %s', table_name, primary_key);
    execute format('analyze stage.%I %s', table_name, substring(primary_key from '\(.*\)'));
end
$$;
comment on function ops.key_stage is
'Give the stage table the primary key of the published one, which fails on a double key, and collect its statistics.';

create function ops.carry_over(
    dataset text, part_of text, key_columns text [], day_column text, days datemultirange
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    carried bigint;
begin
    execute format(
        'insert into stage.%1$I select published.* from silver.%1$I as published '
        'where %5$s and not exists (select 1 from stage.%2$I as staged where (%3$s) = (%4$s))',
        dataset, part_of,
        (select string_agg(format('staged.%I', c), ', ') from unnest(key_columns) as c),
        (select string_agg(format('published.%I', c), ', ') from unnest(key_columns) as c),
        ops.within_days(day_column, days)
    );
    get diagnostics carried = row_count;
    return carried;
end
$$;
comment on function ops.carry_over is
'Copy into stage the published rows (of some days) that were not read again; parts of a row go with that row.';

create function ops.within_days(day_column text, days datemultirange) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select case
        when day_column is null then 'true'
        else coalesce(
            (
                select '(' || string_agg(
                    format('published.%1$I >= %2$L and published.%1$I < %3$L', day_column, lower(stretch), upper(stretch)), ' or '
                ) || ')'
                from unnest(days) as stretch
            ),
            'false'
        )
    end
$$;
comment on function ops.within_days is 'The condition that a published row belongs to these days, or to a table without.';

create function ops.bring_in(
    schema_name text, table_name text, bookkeeping text [], day_column text, days datemultirange
) returns table (month date)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    published text := format('%I.%I', schema_name, table_name);
    staged text := format('stage.%I', table_name);
    in_days text := ops.within_days(day_column, days);
    of_month text := case
        when day_column is null then 'null::date' else format('date_trunc(''month'', published.%I::timestamp)::date', day_column)
    end;
    key_columns text [];
    other_columns text [];
    content_columns text [];
    same_key text;
    has_rows boolean;
begin
    if schema_name not in ('silver', 'gold') then
        raise exception 'only silver and gold are published, not %', schema_name using errcode = 'insufficient_privilege';
    end if;
    if schema_name = 'gold' then
        execute format('analyze %s', staged);  -- it has no key yet, whose making would have done so
    end if;
    select array_agg(a.attname::text order by array_position(i.indkey::smallint[], a.attnum))
        filter (where a.attnum = any(i.indkey)),
        array_agg(a.attname::text) filter (where a.attnum <> all(i.indkey))
    into strict key_columns, other_columns
    from pg_index as i
    inner join pg_attribute as a on i.indrelid = a.attrelid
    where i.indrelid = published::regclass and i.indisprimary and a.attnum > 0 and not a.attisdropped;
    select array_agg(c) into content_columns from unnest(other_columns) as c where c <> all(bookkeeping);
    select string_agg(format('published.%1$I = staged.%1$I', c), ' and ') into same_key from unnest(key_columns) as c;

    execute format('select exists (select from %s as published where %s)', published, in_days) into has_rows;
    if has_rows then
        return query execute format(
            'with gone as (delete from %s as published where %s and not exists (select from %s as staged where %s) '
            'returning %s as month) select distinct gone.month from gone',
            published, in_days, staged, same_key, of_month
        );
    end if;
    if has_rows and content_columns is not null then
        return query execute format(
            'with changed as (update %s as published set %s from %s as staged '
            'where %s and %s and (%s) is distinct from (%s) returning %s as month) select distinct changed.month from changed',
            published,
            (select string_agg(format('%1$I = staged.%1$I', c), ', ') from unnest(other_columns) as c),
            staged,
            same_key,
            in_days,
            (select string_agg(format('published.%I', c), ', ') from unnest(content_columns) as c),
            (select string_agg(format('staged.%I', c), ', ') from unnest(content_columns) as c),
            of_month
        );
    end if;
    return query execute format(
        'with added as (insert into %1$s as published (%2$s) select %2$s from %3$s as staged where %4$s '
        'order by %5$s returning %6$s as month) '  -- in any other order, the key costs most of the time
        'select distinct added.month from added',
        published,
        (select string_agg(format('%I', c), ', ') from unnest(key_columns || other_columns) as c),
        staged,
        case
            when has_rows then format('not exists (select from %s as published where %s and %s)', published, same_key, in_days)
            else 'true'
        end,
        (select string_agg(format('staged.%I', c), ', ') from unnest(key_columns) as c),
        of_month
    );
end
$$;
comment on function ops.bring_in is
'Make the published table, or those days of it, equal to what is staged, and return the months (null: no months) in '
'which rows were deleted, updated or inserted; a difference in bookkeeping is none.';

create function ops.content(
    schema_name text, table_name text, bookkeeping text [], day_column text default null, days datemultirange default null,
    out row_count bigint, out hashes numeric, out content_checksum text
)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    content text;
begin
    select format(
        'row(%s)', string_agg(format('published.%I', attname), ', ' order by attnum) filter (where attname <> all(bookkeeping))
    ) into content
    from pg_attribute
    where attrelid = format('%I.%I', schema_name, table_name)::regclass and attnum > 0 and not attisdropped;
    execute format(
        'select count(*), coalesce(sum(hash_record_extended(%s, 0)), 0) from %I.%I as published where %s',
        content, schema_name, table_name, ops.within_days(day_column, days)
    ) into row_count, hashes;
    content_checksum := row_count || ':' || hashes;
end
$$;
comment on function ops.content is
'Row count and a checksum of a table or of some days of it, whatever the order of rows and their bookkeeping columns.';

create function ops.measure(
    schema_name text, table_name text, bookkeeping text [], day_column text, month date, made_by text
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    row_count bigint;
    hashes numeric;
begin
    if schema_name not in ('silver', 'gold') then
        raise exception 'only silver and gold are published, not %', schema_name using errcode = 'insufficient_privilege';
    end if;
    select found.row_count, found.hashes into row_count, hashes
    from ops.content(
        schema_name, table_name, bookkeeping,
        day_column, datemultirange(daterange(month, (month + interval '1 month')::date))
    ) as found;
    -- Who reads it next, in this transaction, must not take it for empty; autovacuum comes only after the commit.
    if row_count > 2 * (
        select greatest(sum(reltuples), 0) from pg_class
        where oid = any(array[
            to_regclass(format('%I.%I', schema_name, table_name)), to_regclass(format('parts.%I', table_name)),
            to_regclass(format('parts.%I', table_name || to_char(month, '_YYYY_MM')))
        ]) and relkind = 'r'
    ) then
        execute format('analyze %s', coalesce(
            to_regclass(format('parts.%I', table_name || to_char(month, '_YYYY_MM')))::text,
            format('%I.%I', schema_name, table_name)
        ));
    end if;
    insert into ops.table_part as part values (table_name, month, row_count, hashes, made_by)
    on conflict on constraint table_part_pkey do update set
        row_count = excluded.row_count, content_checksum = excluded.content_checksum, made_by = excluded.made_by;
end
$$;
comment on function ops.measure is 'Keep how many rows a month of a table has, and the sum of their hashes.';

create function ops.unmeasured_months(schema_name text, table_name text) returns table (month date)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select to_date(right(c.relname, 7), 'YYYY_MM')
    from pg_inherits as i
    inner join pg_class as c on i.inhrelid = c.oid
    where i.inhparent = ops.month_table(format('%I.%I', schema_name, table_name))::regclass
    except
    select part.month from ops.table_part as part where part.table_name = unmeasured_months.table_name
    order by 1
$$;
comment on function ops.unmeasured_months is 'Months of a table that ops.table_part does not know.';

grant execute on function
ops.open_months, ops.open_stage, ops.empty_stage, ops.carry_over, ops.bring_in, ops.measure, ops.unmeasured_months to etl_loader;

reset role;
