SET lock_timeout = '2s';

ALTER TABLE public.orders DROP COLUMN IF EXISTS cancel_reason;
DROP TABLE IF EXISTS public.cancel_reasons;

RESET lock_timeout;
