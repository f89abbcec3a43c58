SET lock_timeout = '2s';

ALTER TABLE public.orders DROP COLUMN IF EXISTS payment_answer;

RESET lock_timeout;
