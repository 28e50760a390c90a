-- One row per dataset and each destination it was ever published into, the warehouse first.
select dataset, destination, last_processed_date, next_start_date, run_id
from ops.watermark
order by destination desc, dataset asc
