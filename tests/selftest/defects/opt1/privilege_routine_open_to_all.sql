-- Left the new SECURITY DEFINER function executable by everybody, as CREATE FUNCTION does.
-- check: migration.privileges_unchanged
-- apply: replace

-- <<<
REVOKE ALL ON FUNCTION public.create_missing_year_partitions FROM PUBLIC;
-- >>>
