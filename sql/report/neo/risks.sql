-- One row per object on the risk list that passes within the published days, with both scores; at most 200 rows.
with
scored as (
    select
        designation,
        max(seed_threat_score) as seed_threat_score,
        max(approach_date) as last_pass_date
    from gold.neo_threats
    where seed_threat_score is not null
    group by designation
),

ranked as (
    select
        *,
        rank() over (order by seed_threat_score desc) as place,
        count(*) over () as objects
    from scored
)

select
    risks.designation,
    risks.full_name,
    risks.impact_probability,
    risks.palermo_cumulative,
    risks.torino_max,
    risks.first_year,
    risks.last_year,
    risks.diameter_km,
    ranked.seed_threat_score,
    ranked.last_pass_date,
    ranked.place,
    ranked.objects
from silver.neo_risks as risks
inner join ranked on risks.designation = ranked.designation
order by risks.palermo_cumulative desc, risks.designation asc
limit 200
