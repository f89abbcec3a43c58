-- Counted this year as the first of the five.
-- check: migration.behaviour.first_day_of_the_next_year
-- apply: replace

-- <<<
        extract(year FROM p_today)::integer + p_years_ahead
    ) AS wanted
-- >>>
        extract(year FROM p_today)::integer + p_years_ahead - 1
    ) AS wanted
