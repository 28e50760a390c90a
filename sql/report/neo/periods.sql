-- One row per class of attention and month, or year if there are more than 60 months: never more than 1,500 rows.
with
unit as (
    select case when count(distinct month_start_date) > 60 then 'year' else 'month' end as name
    from gold.neo_attention_months
)

select
    unit.name as unit,
    months.attention,
    months.attention_rank,
    date_trunc(unit.name, months.month_start_date)::date as period_start_date,
    sum(months.passes)::bigint as passes
from gold.neo_attention_months as months
cross join unit
group by unit.name, date_trunc(unit.name, months.month_start_date), months.attention, months.attention_rank
order by period_start_date asc, months.attention_rank asc
