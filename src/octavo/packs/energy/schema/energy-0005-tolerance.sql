-- The same rule as one expression: PostgreSQL then works it out in place, where a function with a FROM is called anew for every line.

create or replace function energy.exceeds_tolerance(expected numeric, received numeric, tolerance_percent numeric, tolerance_amount numeric, rule text) returns boolean
language sql immutable parallel safe
as $$
    select case rule
        when 'either' then
            abs(coalesce(received, 0) - coalesce(expected, 0)) > tolerance_amount
            or (coalesce(expected, 0) <> 0 and 100 * abs(coalesce(received, 0) - coalesce(expected, 0)) > tolerance_percent * abs(coalesce(expected, 0)))
        else
            abs(coalesce(received, 0) - coalesce(expected, 0)) > tolerance_amount
            and (coalesce(expected, 0) = 0 or 100 * abs(coalesce(received, 0) - coalesce(expected, 0)) > tolerance_percent * abs(coalesce(expected, 0)))
    end
$$;
