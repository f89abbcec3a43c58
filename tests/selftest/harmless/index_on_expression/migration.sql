-- Customers are looked up by their address in whatever case.

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.customers_email_lower_idx;
CREATE UNIQUE INDEX CONCURRENTLY customers_email_lower_idx ON public.customers (lower(email));

RESET lock_timeout;
