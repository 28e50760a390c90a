set local role platform_admin;

-- The catalogue of the lake's tables, which are Apache Iceberg: where the newest metadata of each is. The columns are
-- those of the JDBC catalogue that Iceberg's own libraries read (pyiceberg, Spark, Trino).
create schema iceberg;
comment on schema iceberg is 'The catalogue of the tables in the lake.';

create table iceberg.iceberg_tables (
    catalog_name varchar(255) not null,
    table_namespace varchar(255) not null,
    table_name varchar(255) not null,
    metadata_location varchar(1000),
    previous_metadata_location varchar(1000),
    iceberg_type varchar(5),
    primary key (catalog_name, table_namespace, table_name)
);
comment on table iceberg.iceberg_tables is
'One row per table in the lake: the file that says what is in it. A run changes it together with the ledger.';

create table iceberg.iceberg_namespace_properties (
    catalog_name varchar(255) not null,
    namespace varchar(255) not null,
    property_key varchar(255) not null,
    property_value varchar(1000) not null,
    primary key (catalog_name, namespace, property_key)
);
comment on table iceberg.iceberg_namespace_properties is 'One row per property of a namespace of the catalogue.';
insert into iceberg.iceberg_namespace_properties values
('lake', 'silver', 'exists', 'true'),
('lake', 'gold', 'exists', 'true');

grant usage on schema iceberg to etl_loader, engineer, analyst;
grant select on all tables in schema iceberg to etl_loader, engineer, analyst;
grant insert, update, delete on iceberg.iceberg_tables to etl_loader;

reset role;
