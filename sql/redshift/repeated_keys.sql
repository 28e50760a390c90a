-- Keys are unique. (Redshift enforces none: this is the proof.)
select {key}, count(*) as copies
from {table}
group by {key}
having count(*) > 1
