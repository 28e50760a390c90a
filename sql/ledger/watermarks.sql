-- One row per dataset and destination into which it was ever published, the warehouse first.
select dataset, destination, last_processed_date, next_start_date, run_id
from ops.watermark
order by destination desc, dataset asc
