-- A table as it is declared.
create table silver.sensor_readings (
    "sensor_id" varchar(65535) not null,
    "region" varchar(65535) not null,
    "latitude" double precision not null,
    "longitude" double precision not null,
    "reading_date" date not null,
    "temperature_max" double precision,
    "temperature_min" double precision,
    "temperature_avg" double precision,
    "temperature_range" double precision,
    "temperature_max_f" double precision,
    "temperature_min_f" double precision,
    "temperature_avg_f" double precision,
    "precipitation" double precision,
    "temp_category" varchar(65535),
    "precipitation_level" varchar(65535),
    "is_complete" boolean not null,
    "data_quality_score" integer not null,
    "region_avg_temp" double precision,
    "region_total_precipitation" double precision,
    "received_at" timestamp not null,
    "processed_at" timestamp not null,
    "processing_version" varchar(65535) not null
)
distkey ("sensor_id")
compound sortkey ("reading_date", "sensor_id")
