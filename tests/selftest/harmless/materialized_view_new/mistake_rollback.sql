-- Copied from another script: drops a view that was there before.
-- check: rollback.schema_identical
-- says: public.daily_sales

SET lock_timeout = '2s';

DROP MATERIALIZED VIEW IF EXISTS public.daily_sales;
DROP MATERIALIZED VIEW IF EXISTS public.customer_totals;

RESET lock_timeout;
