-- Put pg_catalog first into the search_path of the function that makes the partitions.
-- check: migration.hazards
-- also: migration.behaviour because the new tables would land in pg_catalog
-- apply: append

ALTER FUNCTION public.create_missing_year_partitions(text)
    SET search_path = pg_catalog, public, pg_temp;
