set local role platform_admin;

-- The loader owns nothing: it builds a table's new state in schema stage and these functions, which run as the
-- owner, put it in the place of the old one. A published table is partitioned with one partition, so that its
-- identity, grants and views survive the exchange.

create function ops.open_stage(schema_name text, table_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if schema_name not in ('silver', 'gold') then
        raise exception 'only silver and gold are published, not %', schema_name using errcode = 'insufficient_privilege';
    end if;
    execute format('create table stage.%I (like %I.%I including defaults)', table_name, schema_name, table_name);
    execute format('grant select, insert on stage.%I to etl_loader', table_name);
end
$$;
comment on function ops.open_stage is 'Make the empty stage table beside a published one.';

create function ops.carry_over(dataset text, part_of text, key_columns text[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    carried bigint;
begin
    execute format(
        'insert into stage.%1$I select published.* from silver.%1$I as published '
        'where not exists (select 1 from stage.%2$I as staged where (%3$s) = (%4$s))',
        dataset, part_of,
        (select string_agg(format('staged.%I', c), ', ') from unnest(key_columns) as c),
        (select string_agg(format('published.%I', c), ', ') from unnest(key_columns) as c)
    );
    get diagnostics carried = row_count;
    return carried;
end
$$;
comment on function ops.carry_over is
'Copy into stage the published rows that were not read again; parts of a row (slots of a launch) go with that row.';

create function ops.key_stage(schema_name text, table_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    primary_key text;
begin
    select pg_get_constraintdef(oid) into strict primary_key from pg_constraint
    where conrelid = format('%I.%I', schema_name, table_name)::regclass and contype = 'p';
    execute format('alter table stage.%I add %s', table_name, primary_key);
    execute format('analyze stage.%I', table_name);
end
$$;
comment on function ops.key_stage is 'Give the stage table the primary key of the published one; fails on a double key.';

create function ops.content(
    schema_name text, table_name text, out row_count bigint, out content_checksum text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute format(
        'select count(*), count(*) || '':'' || coalesce(sum(hash_record_extended(t.*, 0)), 0) from %I.%I as t',
        schema_name, table_name
    ) into row_count, content_checksum;
end
$$;
comment on function ops.content is 'Row count and a checksum of the rows, whatever their order.';

create function ops.row_count(schema_name text, table_name text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    rows_found bigint;
begin
    execute format('select count(*) from %I.%I', schema_name, table_name) into rows_found;
    return rows_found;
end
$$;
comment on function ops.row_count is 'Number of rows of a table.';

create function ops.swap(schema_name text, table_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if schema_name not in ('silver', 'gold') then
        raise exception 'only silver and gold are published, not %', schema_name using errcode = 'insufficient_privilege';
    end if;
    if to_regclass(format('parts.%I', table_name)) is not null then
        execute format('alter table %I.%I detach partition parts.%I', schema_name, table_name, table_name);
        execute format('drop table parts.%I', table_name);
    end if;
    execute format('revoke all on stage.%I from etl_loader', table_name);
    execute format('alter table stage.%I set schema parts', table_name);
    execute format(
        'alter table %I.%I attach partition parts.%I for values from (minvalue) to (maxvalue)',
        schema_name, table_name, table_name
    );
end
$$;
comment on function ops.swap is 'Put the stage table in the place of the published rows; the caller commits.';

create function ops.close_stage(table_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute format('drop table stage.%I', table_name);
end
$$;
comment on function ops.close_stage is 'Forget a stage table whose content is published already.';

create function ops.double_keys(schema_name text, table_name text) returns table (key text, copies bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    key_columns text;
    staged oid := format('stage.%I', table_name)::regclass;
begin
    if exists (select from pg_index where indrelid = staged and indisprimary and indisvalid) then
        return;  -- the primary key stands, so there are none: no need to group all rows
    end if;
    select string_agg(format('%I', a.attname), ', ' order by k.place) into strict key_columns
    from pg_index as i
    cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
    inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = format('%I.%I', schema_name, table_name)::regclass and i.indisprimary;
    return query execute format(
        'select concat_ws('', '', %1$s), count(*) from stage.%2$I group by %1$s having count(*) > 1',
        key_columns, table_name
    );
end
$$;
comment on function ops.double_keys is 'The keys that stand more than once in a stage table.';

grant execute on function
ops.open_stage, ops.carry_over, ops.key_stage, ops.content, ops.row_count, ops.swap, ops.close_stage, ops.double_keys to etl_loader;

reset role;
