SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.products_name_trgm_idx;
DROP EXTENSION IF EXISTS pg_trgm;

RESET lock_timeout;
