-- When did a rover take no photo for a sol or longer? (Two weeks are usual when the Sun is between Mars and Earth.)
with
days as (
    select
        rover,
        taken_date,
        min(first_sol) as first_sol,
        max(last_sol) as last_sol
    from gold.mars_activity
    group by rover, taken_date
),

neighbours as (
    select
        rover,
        taken_date,
        first_sol,
        lag(taken_date) over (partition by rover order by taken_date asc) as previous_date,
        lag(last_sol) over (partition by rover order by taken_date asc) as previous_sol
    from days
)

select
    rover,
    previous_date as last_date_before,
    taken_date as first_date_after,
    first_sol - previous_sol - 1 as sols_without
from neighbours
where first_sol - previous_sol > 1
order by sols_without desc, first_date_after desc, rover asc
limit 20
