set local role platform_admin;

create table silver.spacex_launches (
    launch_id text collate "C" not null,
    name text not null,
    flight_number integer not null,
    rocket_id text collate "C" not null,
    launchpad_id text collate "C",
    is_upcoming boolean not null,
    is_success boolean,
    is_to_be_determined boolean not null,
    is_no_earlier_than boolean not null,
    date_precision text not null,
    window_s bigint,
    static_fire_at timestamptz,
    launched_at timestamptz,
    launched_date date,
    primary key (launch_id)
) partition by range (launch_id);
comment on table silver.spacex_launches is 'One row per launch, past and upcoming.';

create table silver.spacex_launch_cores (
    launch_id text collate "C" not null,
    position integer not null,
    core_id text collate "C",
    landpad_id text collate "C",
    flight_number integer,
    has_gridfins boolean,
    has_legs boolean,
    is_reused boolean,
    is_landing_attempted boolean,
    is_landing_success boolean,
    landing_type text,
    primary key (launch_id, position)
) partition by range (launch_id);
comment on table silver.spacex_launch_cores is 'One row per core slot of a launch.';

create table silver.spacex_cores (
    core_id text collate "C" not null,
    serial text,
    block integer,
    status text not null,
    reuse_count integer not null,
    rtls_attempts integer not null,
    rtls_landings integer not null,
    asds_attempts integer not null,
    asds_landings integer not null,
    primary key (core_id)
) partition by range (core_id);
comment on table silver.spacex_cores is 'One row per core (first stage).';

create table silver.spacex_rockets (
    rocket_id text collate "C" not null,
    name text not null,
    type text not null,
    country text not null,
    stages integer not null,
    boosters integer not null,
    cost_per_launch_usd bigint not null,
    success_rate_pct double precision not null,
    height_m double precision,
    diameter_m double precision,
    mass_kg double precision,
    is_active boolean not null,
    first_flight_date date not null,
    primary key (rocket_id)
) partition by range (rocket_id);
comment on table silver.spacex_rockets is 'One row per kind of rocket.';

create table silver.spacex_launchpads (
    launchpad_id text collate "C" not null,
    name text not null,
    full_name text not null,
    status text not null,
    locality text not null,
    region text not null,
    latitude double precision not null,
    longitude double precision not null,
    timezone text not null,
    launch_attempts integer not null,
    launch_successes integer not null,
    primary key (launchpad_id)
) partition by range (launchpad_id);
comment on table silver.spacex_launchpads is 'One row per launchpad.';

create table silver.spacex_landpads (
    landpad_id text collate "C" not null,
    name text not null,
    full_name text not null,
    status text not null,
    locality text not null,
    region text not null,
    latitude double precision not null,
    longitude double precision not null,
    type text not null,
    landing_attempts integer not null,
    landing_successes integer not null,
    primary key (landpad_id)
) partition by range (landpad_id);
comment on table silver.spacex_landpads is 'One row per landpad, on land or a ship.';

create table silver.spacex_payloads (
    payload_id text collate "C" not null,
    launch_id text collate "C",
    name text,
    type text,
    orbit text,
    regime text,
    customers text[] not null,
    nationalities text[] not null,
    manufacturers text[] not null,
    mass_kg double precision,
    is_reused boolean not null,
    primary key (payload_id)
) partition by range (payload_id);
comment on table silver.spacex_payloads is 'One row per payload.';

create table gold.core_usage (
    core_id text collate "C" not null,
    serial text,
    launches bigint not null,
    reuses bigint not null,
    first_launch_date date not null,
    last_launch_date date not null,
    shortest_gap_days double precision,
    primary key (core_id)
) partition by range (core_id);
comment on table gold.core_usage is 'One row per core that has flown.';

create table gold.core_reuses (
    core_id text collate "C" not null,
    serial text,
    reuse_number bigint not null,
    launch_id text collate "C" not null,
    launch_name text not null,
    launched_at timestamptz not null,
    previous_launch_id text collate "C" not null,
    previous_launch_name text not null,
    previous_launched_at timestamptz not null,
    days_since_previous double precision not null,
    primary key (core_id, launch_id)
) partition by range (core_id);
comment on table gold.core_reuses is 'One row per core and launch, from the core''s second launch on.';

create table gold.launch_statistics (
    launch_year integer not null,
    rocket_id text collate "C" not null,
    rocket_name text not null,
    launches bigint not null,
    successes bigint not null,
    failures bigint not null,
    landings_tried bigint not null,
    landings_made bigint not null,
    primary key (launch_year, rocket_id)
) partition by range (launch_year);
comment on table gold.launch_statistics is 'One row per year and kind of rocket, launches that have flown only.';

reset role;
