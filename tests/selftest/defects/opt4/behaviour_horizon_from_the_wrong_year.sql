-- Counted the horizon from the clock of the server, whatever date was asked for.
-- check: migration.behaviour.last_day_of_a_year
-- apply: replace

-- <<<
        extract(year FROM p_today)::integer,
        extract(year FROM p_today)::integer + p_years_ahead
    ) AS wanted
-- >>>
        extract(year FROM current_date)::integer,
        extract(year FROM current_date)::integer + p_years_ahead
    ) AS wanted
