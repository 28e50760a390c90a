-- How many rows differ between what is published (of some days) and what is staged.
select count(*) as different_rows
from (
    (select {columns} from {staged} except select {columns} from {published} where {days})
    union all
    (select {columns} from {published} where {days} except select {columns} from {staged})
) as different
