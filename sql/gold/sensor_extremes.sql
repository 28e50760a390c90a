-- gold.sensor_extremes: one row per kind of extreme.
with
placed as (
    select
        kind,
        sensor_id,
        region,
        reading_date,
        value,
        unit,
        row_number() over (
            partition by kind
            order by
                case when kind = 'coldest' then -value else value end desc nulls last,
                reading_date asc nulls last,
                sensor_id asc nulls last
        ) as place
    from gold.sensor_month_extremes
)

select
    kind,
    sensor_id,
    region,
    reading_date,
    value,
    unit
from placed
where place = 1
