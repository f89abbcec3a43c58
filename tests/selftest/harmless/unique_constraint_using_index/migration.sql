SET lock_timeout = '2s';

ALTER TABLE public.customers DROP CONSTRAINT IF EXISTS customers_email_key;
DROP INDEX CONCURRENTLY IF EXISTS public.customers_email_key;
CREATE UNIQUE INDEX CONCURRENTLY customers_email_key ON public.customers (email);
ALTER TABLE public.customers
    ADD CONSTRAINT customers_email_key UNIQUE USING INDEX customers_email_key;

RESET lock_timeout;
