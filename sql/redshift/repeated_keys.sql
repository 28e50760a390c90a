-- Keys are unique. (Redshift does not enforce them: this is the proof.)
select {key}, count(*) as copies
from {table}
group by {key}
having count(*) > 1
