SET lock_timeout = '2s';

ALTER TABLE public.orders DROP COLUMN IF EXISTS total_cents;

RESET lock_timeout;
