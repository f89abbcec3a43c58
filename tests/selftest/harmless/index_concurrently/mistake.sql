-- Built without CONCURRENTLY: writers wait for the whole of it.
-- check: migration.hazards
-- says: index-blocks-writers

SET lock_timeout = '2s';

DROP INDEX IF EXISTS public.orders_status_placed_at_idx;
CREATE INDEX orders_status_placed_at_idx ON public.orders (status, placed_at DESC);

RESET lock_timeout;
