-- The names of the tables in the lake, such as silver.sensor_readings: one row per table.
select table_namespace || '.' || table_name as name
from iceberg.iceberg_tables
where catalog_name = 'lake'
order by name
