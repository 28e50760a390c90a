-- One row for each month with a pass in the last three years.
select
    to_char(month_start_date, 'YYYY-MM') as month,
    (sum(passes) filter (where attention = 'sentry'))::integer as sentry,
    (sum(passes) filter (where attention = 'pha_close'))::integer as pha_close,
    (sum(passes) filter (where attention = 'close'))::integer as close,
    (sum(passes) filter (where attention = 'pha'))::integer as pha
from gold.neo_attention_months
where month_start_date > (select max(months.month_start_date) - 1100 from gold.neo_attention_months as months)
group by month_start_date
order by month_start_date
