SET lock_timeout = '2s';

DROP MATERIALIZED VIEW IF EXISTS public.customer_totals;

RESET lock_timeout;
