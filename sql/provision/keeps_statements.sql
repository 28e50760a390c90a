-- Whether the server was started with pg_stat_statements, and has its extension.
select
    current_setting('pg_stat_statements.max', true) is not null
    and exists (select from pg_available_extensions where name = 'pg_stat_statements') as keeps
