-- One row per dataset that was ever published.
select dataset, last_processed_date, next_start_date, run_id
from ops.watermark
order by dataset
