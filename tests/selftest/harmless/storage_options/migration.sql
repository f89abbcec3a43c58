-- Room for updates on each page, and a vacuum that comes more often.

SET lock_timeout = '2s';

ALTER TABLE public.orders SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE public.orders ALTER COLUMN note SET STORAGE EXTERNAL;
ALTER TABLE public.orders ALTER COLUMN customer_id SET STATISTICS 500;
ANALYZE public.orders;

RESET lock_timeout;
