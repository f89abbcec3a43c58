SET lock_timeout = '2s';

ALTER TABLE public.order_items DROP CONSTRAINT IF EXISTS order_items_unit_price_check;

RESET lock_timeout;
