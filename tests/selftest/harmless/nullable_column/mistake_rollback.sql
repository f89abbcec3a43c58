-- Dropped a column of almost the same name: the new one stays.
-- check: rollback.objects_gone
-- says: public.orders.delivery_note

SET lock_timeout = '2s';

ALTER TABLE public.orders DROP COLUMN IF EXISTS delivery_notes;

RESET lock_timeout;
