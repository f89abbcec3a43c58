-- Built again over another column than before.
-- check: rollback.indexes_back
-- says: orders_note_idx

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.orders_note_idx;
CREATE INDEX CONCURRENTLY orders_note_idx ON public.orders (coupon);

RESET lock_timeout;
