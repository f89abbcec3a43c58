SET lock_timeout = '2s';

ALTER TABLE public.order_items DROP COLUMN IF EXISTS line_total;

RESET lock_timeout;
