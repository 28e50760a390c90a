set local role platform_admin;

create table silver.apod_pictures (
    picture_date date not null,
    title text collate "C" not null,
    media_type text collate "C" not null,
    explanation text collate "C",
    credit text collate "C",
    copyright text collate "C",
    alt_text text collate "C",
    picture_url text collate "C",
    rendition_url text collate "C",
    video_url text collate "C",
    page_url text collate "C" not null,
    is_poster boolean not null,
    is_from_withdrawn_api boolean not null,
    received_at timestamptz not null,
    primary key (picture_date)
) partition by range (picture_date);
comment on table silver.apod_pictures is 'One row per day with a picture.';

create table gold.apod_months (
    month_start_date date not null,
    pictures bigint not null,
    images bigint not null,
    videos bigint not null,
    others bigint not null,
    with_copyright bigint not null,
    first_picture_date date not null,
    last_picture_date date not null,
    missing_days bigint not null,
    primary key (month_start_date)
);
comment on table gold.apod_months is 'One row per month.';

insert into ops.schedule (source, every) values ('apod', '1 day');  -- as dags/apod.py says

reset role;
