SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.orders_note_idx;
CREATE INDEX CONCURRENTLY orders_note_idx ON public.orders (note);

RESET lock_timeout;
