-- The runs that a destination has.
select run_id
from ops.run
where destination = %(destination)s and status = 'published'
