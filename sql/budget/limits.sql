-- One row per limit, in input order: what counts as spent, and in how many seconds it admits a request (0: now).
with
moment as materialized (
    select clock_timestamp() as at
),

limits as (
    select
        limits.place,
        limits.calls,
        limits.is_spread,
        make_interval(secs => limits.seconds) as duration,
        moment.at - make_interval(secs => limits.seconds) as counts_from
    from
        unnest(%(calls)s::double precision[], %(seconds)s::integer[], %(is_spread)s::boolean[])
        with ordinality as limits (calls, seconds, is_spread, place)
    cross join moment
),

counted as (  -- roughly: most limits are far away, and decimals cost ten times as much
    select
        limits.*,
        spending.spent,
        spending.last_at
    from limits
    cross join lateral (
        select
            coalesce(sum(requests.weight), 0) as spent,
            max(requests.spent_at) as last_at
        from ops.spending as requests
        where requests.source = %(source)s and requests.spent_at > limits.counts_from
    ) as spending
),

-- A limit is full until the request since which as much was spent as it admits leaves the window; half full likewise.
-- since_then: what was spent from a request on, including others of the same instant; exact, as decimals.
admitting as (
    select
        counted.place,
        coalesce(filled.spent, counted.spent) as spent,
        greatest(
            filled.full_from + counted.duration,
            case
                when counted.is_spread and filled.half_full_from is not null
                    then least(
                        filled.half_full_from + counted.duration,
                        counted.last_at + filled.share_of_last * counted.duration
                    )
            end
        ) as admits_at
    from counted
    cross join lateral (
        select
            max(requests.spent_at) filter (where requests.since_then >= counted.calls) as full_from,
            max(requests.spent_at) filter (where requests.since_then >= counted.calls / 2) as half_full_from,
            2 * min(requests.since_then) / counted.calls as share_of_last,  -- of the half that is spent evenly
            max(requests.since_then) as spent
        from (
            select
                spending.spent_at,
                sum(spending.weight::numeric) over (order by spending.spent_at desc) as since_then
            from ops.spending as spending
            where
                counted.spent > 0.49 * counted.calls  -- else nothing is looked up
                and spending.source = %(source)s
                and spending.spent_at > counted.counts_from
        ) as requests
    ) as filled
)

select
    admitting.spent::double precision as spent,
    coalesce(extract(epoch from greatest(admitting.admits_at - moment.at, interval '0')), 0)::double precision as wait_s
from admitting
cross join moment
order by admitting.place
