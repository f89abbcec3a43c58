-- Took the test of the argument out.
-- check: migration.behaviour.create_missing_year_partitions_refuses_nonsense
-- apply: replace

-- <<<
    IF p_years !~ '^[1-9][0-9]{3}(-[1-9][0-9]{3})?$' THEN
-- >>>
    IF p_years = '' THEN
