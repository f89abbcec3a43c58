-- Codes are unique whatever their case from now on. The old key stays for ON CONFLICT (sku).

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.products_sku_lower_key;
CREATE UNIQUE INDEX CONCURRENTLY products_sku_lower_key ON public.products (lower(sku));

RESET lock_timeout;
