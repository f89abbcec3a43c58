-- Let the function that makes the partitions run as its owner, with pg_catalog first in its search_path.
-- check: migration.hazards
-- also: migration.behaviour because the new tables would land in pg_catalog
-- apply: append

ALTER FUNCTION public.create_partition_table(text, text)
    SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp;
