SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.customers_email_lower_idx;

RESET lock_timeout;
