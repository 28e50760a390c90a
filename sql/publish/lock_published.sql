-- Locks the tables to be exchanged, all or none, against everybody; waits no longer than it is told.
select ops.lock_published(%(tables)s, %(within_s)s * interval '1 second')
