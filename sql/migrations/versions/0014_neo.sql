set local role platform_admin;

create table silver.neo_close_approaches (
    designation text collate "C" not null,
    approach_date date not null,
    approach_at timestamptz not null,
    full_name text collate "C" not null,
    orbit_id text collate "C" not null,
    miss_distance_au double precision not null,
    miss_distance_km double precision not null,
    miss_distance_ld double precision not null,
    miss_distance_min_au double precision,
    miss_distance_min_km double precision,
    miss_distance_min_ld double precision,
    miss_distance_max_au double precision,
    miss_distance_max_km double precision,
    miss_distance_max_ld double precision,
    velocity_km_s double precision not null,
    velocity_infinity_km_s double precision,
    impact_velocity_km_s double precision,
    time_uncertainty_minutes integer,
    absolute_magnitude double precision,
    diameter_measured_km double precision,
    diameter_uncertainty_km double precision,
    diameter_min_km double precision,
    diameter_nominal_km double precision,
    diameter_max_km double precision,
    energy_min_mt double precision,
    energy_nominal_mt double precision,
    energy_max_mt double precision,
    received_at timestamptz not null,
    received_date date not null,
    primary key (designation, approach_date)
) partition by range (approach_date);
comment on table silver.neo_close_approaches is 'One row per object and day on which it passes Earth.';

create table silver.neo_risks (
    designation text collate "C" not null,
    full_name text collate "C" not null,
    absolute_magnitude double precision not null,
    diameter_km double precision not null,
    velocity_infinity_km_s double precision not null,
    impact_velocity_km_s double precision not null,
    energy_mt double precision not null,
    impact_probability double precision not null,
    potential_impacts bigint not null,
    first_year integer not null,
    last_year integer not null,
    palermo_cumulative double precision not null,
    palermo_max double precision not null,
    torino_max integer,
    last_observed_date date not null,
    palermo_recomputed double precision,
    received_at timestamptz not null,
    primary key (designation)
);
comment on table silver.neo_risks is 'One row per object that may hit Earth, as Sentry lists it.';

create table silver.neo_objects (
    designation text collate "C" not null,
    full_name text collate "C" not null,
    spk_id bigint not null,
    orbit_class text collate "C" not null,
    absolute_magnitude double precision,
    diameter_measured_km double precision,
    albedo double precision,
    moid_au double precision,
    is_hazardous boolean,
    received_at timestamptz not null,
    primary key (designation)
);
comment on table silver.neo_objects is 'One row per near-Earth object.';

create table gold.neo_threats (
    designation text collate "C" not null,
    approach_date date not null,
    approach_at timestamptz not null,
    month_start_date date not null,
    full_name text collate "C" not null,
    attention text collate "C" not null,
    attention_rank integer not null,
    miss_distance_au double precision not null,
    miss_distance_km double precision not null,
    miss_distance_ld double precision not null,
    miss_distance_min_au double precision,
    miss_distance_min_km double precision,
    miss_distance_min_ld double precision,
    miss_distance_max_au double precision,
    miss_distance_max_km double precision,
    miss_distance_max_ld double precision,
    is_impact_possible boolean,
    time_uncertainty_minutes integer,
    velocity_km_s double precision not null,
    absolute_magnitude double precision,
    diameter_min_km double precision,
    diameter_nominal_km double precision,
    diameter_max_km double precision,
    energy_min_mt double precision,
    energy_nominal_mt double precision,
    energy_max_mt double precision,
    is_known boolean not null,
    orbit_class text collate "C",
    moid_au double precision,
    is_hazardous boolean,
    impact_probability double precision,
    palermo_cumulative double precision,
    torino_max integer,
    seed_threat_score double precision,
    primary key (designation, approach_date)
);
comment on table gold.neo_threats is 'One row per object and day on which it passes Earth, with what is known about the object now.';

create table gold.neo_attention_months (
    month_start_date date not null,
    attention text collate "C" not null,
    attention_rank integer not null,
    passes bigint not null,
    objects bigint not null,
    closest_ld double precision not null,
    primary key (month_start_date, attention)
);
comment on table gold.neo_attention_months is 'One row per month and class of attention with a pass.';

insert into ops.schedule (source, every) values ('neo', '1 day');  -- as dags/neo.py says

reset role;
