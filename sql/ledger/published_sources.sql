-- Sources of which something is published in the warehouse.
select distinct source
from ops.run
where destination = 'warehouse' and status in ('published', 'unchanged')
