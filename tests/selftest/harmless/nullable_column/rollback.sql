SET lock_timeout = '2s';

ALTER TABLE public.orders DROP COLUMN IF EXISTS delivery_note;

RESET lock_timeout;
