-- What a session must not take from the environment, the role, the database or a pooler; null leaves a setting alone.
select pg_catalog.set_config(wanted.name, wanted.setting, false)
from (
    values
    ('role', %(role)s),
    ('application_name', 'etl'),
    ('client_encoding', 'UTF8'),
    ('client_min_messages', 'warning'),
    ('search_path', 'pg_catalog, pg_temp'),  -- statements name their schemas
    ('timezone', 'UTC'),
    ('datestyle', 'ISO, YMD'),
    ('intervalstyle', 'postgres'),
    ('extra_float_digits', '1'),
    ('bytea_output', 'hex'),
    ('lc_numeric', 'C'),
    ('lc_monetary', 'C'),
    ('lc_time', 'C'),
    ('standard_conforming_strings', 'on'),
    ('default_transaction_isolation', 'read committed'),  -- who waits for a lock must then see what was published
    ('work_mem', '32MB'),  -- a month of a source is sorted and grouped in memory
    ('jit', 'off'),  -- compiling takes longer than what we run
    ('lock_timeout', %(lock_timeout)s),
    ('statement_timeout', '0'),
    ('transaction_timeout', '0'),
    ('idle_session_timeout', '0'),
    ('idle_in_transaction_session_timeout', '15min'),
    -- a process that is killed, or that a firewall cuts off, must not keep its locks until its statement ends
    ('client_connection_check_interval', case when pg_catalog.version() !~* 'visual|msvc|mingw' then '10s' end),
    ('tcp_keepalives_idle', '60'),
    ('tcp_keepalives_interval', '10'),
    ('tcp_keepalives_count', '6')
) as wanted (name, setting)
where
    wanted.setting is not null
    and pg_catalog.current_setting(wanted.name, true) is not null  -- transaction_timeout is new in Postgres 17
