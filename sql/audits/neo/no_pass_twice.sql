-- An object does not pass on two days in a row: that would be one pass, read twice.
select passes.designation, passes.approach_date, others.approach_date as other_date
from stage.neo_close_approaches as passes
inner join stage.neo_close_approaches as others
    on passes.designation = others.designation and others.approach_date = passes.approach_date + 1
