set local role platform_admin;

create table silver.picture_facts (
    source text collate "C" not null,
    item_id text collate "C" not null,
    picture_date date not null,
    title text collate "C" not null,
    credit text collate "C",
    copyright text collate "C",
    page_url text collate "C" not null,
    picture_url text collate "C" not null,
    is_reusable boolean not null,
    status text collate "C" not null,
    reason text collate "C",
    attempts integer not null,
    tried_at timestamptz,
    file text collate "C",
    sha256 text collate "C",
    facts_version text collate "C",
    model_version text collate "C",
    bytes integer,
    format text collate "C",
    width integer,
    height integer,
    frames integer,
    average_colour text collate "C",
    dominant_colour text collate "C",
    brightness double precision,
    contrast double precision,
    sharpness double precision,
    phash text collate "C",
    dhash text collate "C",
    subject_by_image text collate "C",
    subject_confidence double precision,
    subject_by_text text collate "C",
    is_subject_agreed boolean,
    received_at timestamptz not null,
    primary key (source, item_id, picture_date)
) partition by range (picture_date);
comment on table silver.picture_facts is 'One row per picture that a source lists, with its facts once they are known.';
create index on silver.picture_facts (sha256);

create table gold.picture_pool (
    source text collate "C" not null,
    item_id text collate "C" not null,
    picture_date date not null,
    month_start_date date not null,
    title text collate "C" not null,
    credit text collate "C" not null,
    page_url text collate "C" not null,
    picture_url text collate "C" not null,
    file text collate "C" not null,
    sha256 text collate "C" not null,
    width integer not null,
    height integer not null,
    average_colour text collate "C" not null,
    brightness double precision not null,
    subject text collate "C",
    primary key (source, item_id, picture_date)
);
comment on table gold.picture_pool is 'One row per picture that may be reused and is described.';

create table gold.picture_duplicates (
    source text collate "C" not null,
    item_id text collate "C" not null,
    picture_date date not null,
    other_source text collate "C" not null,
    other_item_id text collate "C" not null,
    other_picture_date date not null,
    title text collate "C" not null,
    other_title text collate "C" not null,
    phash_distance bigint not null,
    dhash_distance bigint not null,
    primary key (source, item_id, picture_date, other_source, other_item_id, other_picture_date)
);
comment on table gold.picture_duplicates is 'One row per pair of pictures that look the same.';

create table gold.picture_months (
    source text collate "C" not null,
    month_start_date date not null,
    pictures bigint not null,
    described bigint not null,
    reusable bigint not null,
    with_subject bigint not null,
    subjects_compared bigint not null,
    subjects_agreed bigint not null,
    mean_brightness double precision,
    mean_contrast double precision,
    primary key (source, month_start_date)
);
comment on table gold.picture_months is 'One row per source and month with a picture.';

-- The exporter's role reads nothing of silver and gold. This view reads there as its owner, and gives it numbers only.
-- Pictures are due again for a year; older days are given up (EtlDaysIncomplete), and need not be looked at.
create view ops.pictures_without_facts as
select
    status,
    count(*) as pictures
from silver.picture_facts
where
    facts_version is null
    and picture_date < (clock_timestamp() at time zone 'UTC')::date - 3
    and picture_date >= (clock_timestamp() at time zone 'UTC')::date - 400
group by status;
comment on view ops.pictures_without_facts is
'One row per status: how many pictures of the last 400 days but three have no facts.';

revoke all on ops.pictures_without_facts from etl_loader, engineer;  -- who read silver itself

insert into ops.schedule (source, every, is_optional)
values ('picture_facts', '1 day', true);  -- as dags/picture_facts.py says; it wants somebody who describes pictures

reset role;
