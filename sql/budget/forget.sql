-- Deletes requests that no limit counts any more.
select ops.forget_spending(%(source)s)
