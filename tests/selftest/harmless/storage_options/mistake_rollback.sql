-- Forgot one of the options.
-- check: rollback.schema_identical
-- says: public.orders

SET lock_timeout = '2s';

ALTER TABLE public.orders RESET (fillfactor);
ALTER TABLE public.orders ALTER COLUMN note SET STORAGE EXTENDED;
ALTER TABLE public.orders ALTER COLUMN customer_id SET STATISTICS -1;

RESET lock_timeout;
