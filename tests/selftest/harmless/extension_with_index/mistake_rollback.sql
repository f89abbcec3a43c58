-- Forgot the extension.
-- check: rollback.objects_gone
-- says: pg_trgm

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.products_name_trgm_idx;

RESET lock_timeout;
