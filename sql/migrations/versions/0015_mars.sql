set local role platform_admin;

create table silver.mars_photos (
    photo_id text collate "C" not null,
    rover text collate "C" not null,
    sol integer not null,
    taken_date date not null,
    taken_at timestamptz,
    taken_at_mars text collate "C",
    arrived_at timestamptz,
    camera text collate "C" not null,
    camera_family text collate "C" not null,
    is_thumbnail boolean not null,
    sample_type text collate "C",
    title text collate "C",
    credit text collate "C",
    site integer,
    drive integer,
    image_url text collate "C",
    page_url text collate "C",
    is_from_withdrawn_api boolean not null,
    received_at timestamptz not null,
    primary key (photo_id, taken_date)
) partition by range (taken_date);
comment on table silver.mars_photos is 'One row per photo of a rover.';

create table gold.mars_activity (
    rover text collate "C" not null,
    taken_date date not null,
    camera_family text collate "C" not null,
    month_start_date date not null,
    photos bigint not null,
    thumbnails bigint not null,
    cameras bigint not null,
    first_sol integer not null,
    last_sol integer not null,
    first_taken_at timestamptz,
    last_taken_at timestamptz,
    primary key (rover, taken_date, camera_family)
);
comment on table gold.mars_activity is 'One row per rover, day on Earth and family of cameras.';

insert into ops.schedule (source, every) values ('mars', '1 day');  -- as dags/mars.py says

reset role;
