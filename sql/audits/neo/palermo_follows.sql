-- Where an object has one potential impact, Sentry's Palermo scale follows from its probability, energy and year.
select designation, palermo_max, palermo_recomputed
from stage.neo_risks
where abs(palermo_max - palermo_recomputed) > 0.1
