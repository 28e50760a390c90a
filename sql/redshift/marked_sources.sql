-- The sources that are published.
select source from ops.published
