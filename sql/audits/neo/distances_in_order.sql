-- The nominal distance of a pass lies between the smallest and the largest that it may be.
select designation, approach_date, miss_distance_min_au, miss_distance_au, miss_distance_max_au
from stage.neo_close_approaches
where miss_distance_min_au > miss_distance_au or miss_distance_au > miss_distance_max_au
