-- Earth's gravity makes an object faster, never slower.
select designation, approach_date, velocity_infinity_km_s, velocity_km_s
from stage.neo_close_approaches
where velocity_infinity_km_s > velocity_km_s
