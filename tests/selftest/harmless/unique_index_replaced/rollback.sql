SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.products_sku_lower_key;

RESET lock_timeout;
