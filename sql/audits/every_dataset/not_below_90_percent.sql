-- The new state holds at least 90 percent as many rows as are published.
with
counts as (
    select
        ops.row_count('stage', %(table)s) as staged_rows,
        ops.row_count(%(schema)s, %(table)s) as published_rows
)

select staged_rows, published_rows from counts where staged_rows < published_rows * 0.9
