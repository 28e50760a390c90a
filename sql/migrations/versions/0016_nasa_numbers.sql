set local role platform_admin;

-- The exporter's role reads nothing of silver and gold. These views read there as their owner, and give it numbers only.

create index on gold.neo_threats (approach_date) where is_impact_possible;  -- few or none of all passes

create view ops.neo_possible_impacts as
select count(*) as possible_impacts
from gold.neo_threats
where is_impact_possible and approach_date >= (clock_timestamp() at time zone 'UTC')::date;
comment on view ops.neo_possible_impacts is
'One row: how many passes from today on may, within the uncertainty of their orbits, hit Earth.';

-- Of rovers that have ended, as the withdrawn API knew them, nothing new is expected.
create view ops.mars_newest_photos as
select
    rovers.rover,
    newest.taken_date
from (values ('curiosity'), ('perseverance')) as rovers (rover)
cross join lateral (
    select activity.taken_date
    from gold.mars_activity as activity
    where activity.rover = rovers.rover
    order by activity.taken_date desc
    limit 1
) as newest;
comment on view ops.mars_newest_photos is
'One row per working rover with a photo: the day on which the newest was taken.';

revoke all on ops.neo_possible_impacts, ops.mars_newest_photos from etl_loader, engineer;  -- who read gold itself

reset role;
