-- All in one transaction: readers wait until every order is filled.
-- check: migration.hazards
-- says: work-under-access-exclusive

SET lock_timeout = '2s';

BEGIN;
ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS total_cents bigint;
UPDATE public.orders SET total_cents = (total * 100)::bigint WHERE total_cents IS NULL;
COMMIT;
ANALYZE public.orders;

RESET lock_timeout;
