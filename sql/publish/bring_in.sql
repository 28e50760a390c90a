-- Publishes what differs between the new state of a table, or of some days of it, and the published one.
-- One row per month that changed, or one of null for a table without months.
select distinct month
from ops.bring_in(%(schema)s, %(table)s, %(bookkeeping)s, %(day)s, %(days)s::datemultirange)
