-- Nobody has used it for a year.

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.orders_note_idx;

RESET lock_timeout;
