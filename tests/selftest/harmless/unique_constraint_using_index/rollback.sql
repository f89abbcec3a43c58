SET lock_timeout = '2s';

ALTER TABLE public.customers DROP CONSTRAINT IF EXISTS customers_email_key;
DROP INDEX CONCURRENTLY IF EXISTS public.customers_email_key;

RESET lock_timeout;
