SET lock_timeout = '2s';

ALTER TABLE public.orders RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE public.orders ALTER COLUMN note SET STORAGE EXTENDED;
ALTER TABLE public.orders ALTER COLUMN customer_id SET STATISTICS -1;
ANALYZE public.orders;

RESET lock_timeout;
