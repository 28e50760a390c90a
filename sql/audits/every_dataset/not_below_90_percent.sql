-- The new state holds at least 90 % of the rows that are published.
with
counts as (
    select
        (select row_count from ops.content('stage', %(table)s)) as staged_rows,
        (select row_count from ops.content(%(schema)s, %(table)s)) as published_rows
)

select staged_rows, published_rows from counts where staged_rows < 0.9 * published_rows
