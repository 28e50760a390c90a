-- The checksum of what the latest run left in a table of the warehouse.
select dataset.content_checksum
from ops.run_dataset as dataset
inner join ops.run as run on dataset.run_id = run.run_id
where dataset.dataset = %(table)s and run.destination = 'warehouse'
order by run.end_number desc
limit 1
