-- Products are found by a part of their name.

SET lock_timeout = '2s';

CREATE EXTENSION IF NOT EXISTS pg_trgm;
DROP INDEX CONCURRENTLY IF EXISTS public.products_name_trgm_idx;
CREATE INDEX CONCURRENTLY products_name_trgm_idx ON public.products USING gin (name gin_trgm_ops);

RESET lock_timeout;
