SET lock_timeout = '2s';

ALTER TABLE public.orders DROP CONSTRAINT IF EXISTS orders_shipping_method_fkey;

RESET lock_timeout;
