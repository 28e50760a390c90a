-- One row: what comes close in the 30 days after the newest answer, what may hit, and how long the risk list is.
with
newest as (
    select max(received_date) as today
    from silver.neo_close_approaches
),

coming as (
    select
        threats.miss_distance_ld,
        threats.is_impact_possible,
        threats.attention
    from gold.neo_threats as threats
    cross join newest
    where threats.approach_date >= newest.today and threats.approach_date < newest.today + 30
)

select
    (select min(coming.miss_distance_ld) from coming) as closest_ld,
    (select count(*) from coming where coming.miss_distance_ld <= 1) as closer_than_the_moon,
    (select count(*) from coming where coming.attention = 'pha_close') as hazardous,
    (
        select count(*)
        from gold.neo_threats as threats
        cross join newest
        where threats.approach_date >= newest.today and threats.is_impact_possible
    ) as possible_impacts,
    (select count(*) from silver.neo_risks) as risks,
    (
        select avg(threats.is_known::integer)
        from gold.neo_threats as threats
        cross join newest
        where threats.approach_date >= newest.today - 30
    ) as known_ratio
