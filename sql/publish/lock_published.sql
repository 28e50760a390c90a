-- Locks the tables to be exchanged, all or none, against everybody, within the given time.
select ops.lock_published(%(tables)s, %(within_s)s * interval '1 second')
