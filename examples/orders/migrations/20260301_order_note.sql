-- A note that customers leave with an order.
SET lock_timeout = '2s';
ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS note text;
RESET lock_timeout;
