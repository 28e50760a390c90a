-- Sources of which something is published.
select distinct source from ops.run where status in ('published', 'unchanged')
