-- What the payment service answered; jsonb can be compared.

SET lock_timeout = '2s';

ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS payment_answer jsonb;

RESET lock_timeout;
