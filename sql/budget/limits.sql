-- One row per limit, in input order: what counts as spent, and in how many seconds it admits a request (0: now).
with
moment as materialized (
    select clock_timestamp() as at
),

limits as (
    select *
    from
        unnest(%(calls)s::double precision[], %(seconds)s::integer[], %(is_spread)s::boolean[])
        with ordinality as limits (calls, seconds, is_spread, place)
),

-- since_then: what was spent from that request on, including others of the same instant; exact, as decimals
requests as (
    select
        spending.spent_at,
        sum(spending.weight::numeric) over (order by spending.spent_at desc) as since_then
    from ops.spending as spending
    cross join moment
    where
        spending.source = %(source)s
        and spending.spent_at > moment.at - make_interval(secs => (select max(limits.seconds) from limits))
),

-- A limit is full until the request since which as much was spent as it admits leaves the window; half full likewise.
counted as (
    select
        limits.place,
        limits.is_spread,
        make_interval(secs => limits.seconds) as duration,
        coalesce(max(requests.since_then), 0) as spent,
        max(requests.spent_at) filter (where requests.since_then >= limits.calls) as full_from,
        max(requests.spent_at) filter (where requests.since_then >= limits.calls / 2) as half_full_from,
        max(requests.spent_at) as last_at,
        2 * min(requests.since_then) / limits.calls as share_of_last  -- of the half that is spent evenly
    from limits
    cross join moment
    left join requests on requests.spent_at > moment.at - make_interval(secs => limits.seconds)
    group by limits.place, limits.is_spread, limits.calls, limits.seconds
),

admitting as (
    select
        place,
        spent,
        greatest(
            full_from + duration,
            case
                when is_spread and half_full_from is not null
                    then least(half_full_from + duration, last_at + share_of_last * duration)
            end
        ) as admits_at
    from counted
)

select
    admitting.spent::double precision as spent,
    coalesce(extract(epoch from greatest(admitting.admits_at - moment.at, interval '0')), 0)::double precision as wait_s
from admitting
cross join moment
order by admitting.place
