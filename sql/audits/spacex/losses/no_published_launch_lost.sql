-- A launch that was published is still there; the API never removes one.
select published.launch_id, published.name
from silver.spacex_launches as published
left join stage.spacex_launches as staged on published.launch_id = staged.launch_id
where staged.launch_id is null
