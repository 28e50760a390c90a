-- Copies published rows (of some days) that the run did not read again into its new state.
insert into stage.{table} ({columns})
select {published_columns}
from silver.{table} as published
left join stage.{whole} as staged on {key}
where staged.{first} is null and {days}
