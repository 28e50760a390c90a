set local role platform_admin;

create or replace function ops.bring_in(
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
    if not has_rows then
        execute format(
            'insert into %1$s (%2$s) select %2$s from %3$s as staged order by %4$s',  -- else the key costs most of the time
            published,
            (select string_agg(format('%I', c), ', ') from unnest(key_columns || other_columns) as c),
            staged,
            (select string_agg(format('staged.%I', c), ', ') from unnest(key_columns) as c)
        );
        -- What is returned row by row costs a sixth of the time.
        return query execute format('select distinct %s from %s as published', of_month, staged);
        return;
    end if;
    return query execute format(
        'with gone as (delete from %s as published where %s and not exists (select from %s as staged where %s) '
        'returning %s as month) select distinct gone.month from gone',
        published, in_days, staged, same_key, of_month
    );
    if content_columns is not null then
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
        'with added as (insert into %1$s as published (%2$s) select %2$s from %3$s as staged '
        'where not exists (select from %1$s as published where %4$s and %5$s) '
        'order by %6$s returning %7$s as month) '
        'select distinct added.month from added',
        published,
        (select string_agg(format('%I', c), ', ') from unnest(key_columns || other_columns) as c),
        staged,
        same_key,
        in_days,
        (select string_agg(format('staged.%I', c), ', ') from unnest(key_columns) as c),
        of_month
    );
end
$$;

create or replace function ops.forget_spending(of_source text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    -- The statement's time and not the clock's, which would have to be compared with every row.
    delete from ops.spending where source = of_source and spent_at < statement_timestamp() - interval '24 hours'
$$;

reset role;
