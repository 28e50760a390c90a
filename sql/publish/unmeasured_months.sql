-- Months of a table that were published by an earlier version of this code.
select month from ops.unmeasured_months(%(schema)s, %(table)s)
