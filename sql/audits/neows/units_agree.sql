-- A distance is the same in au, in km and in NeoWs' lunar distances, to a millionth.
select neo_id, approach_date, miss_distance_au, miss_distance_km, miss_distance_ld
from stage.neows_passes
where
    abs(miss_distance_km - miss_distance_au * 149597870.7) > 1 + miss_distance_km / 1000000
    or abs(miss_distance_ld - miss_distance_au * 389) > 0.00001 + miss_distance_ld / 1000000
