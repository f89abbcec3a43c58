-- Took the column and left the list.
-- check: rollback.objects_gone
-- says: public.cancel_reasons

SET lock_timeout = '2s';

ALTER TABLE public.orders DROP COLUMN IF EXISTS cancel_reason;

RESET lock_timeout;
