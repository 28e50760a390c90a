-- Markers: one row per source, written in the transaction that publishes it.
create table if not exists ops.published (
    source varchar(256) not null,
    run_id varchar(256) not null,
    extraction_id varchar(256) not null,
    days varchar(65535) not null,
    outcomes varchar(65535) not null,
    published_at timestamp not null
)
diststyle all
