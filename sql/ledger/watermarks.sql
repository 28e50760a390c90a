-- One row per dataset and sink into which it was ever published, the warehouse first.
select dataset, sink, last_processed_date, next_start_date, run_id
from ops.watermark
order by sink desc, dataset asc
