SET lock_timeout = '2s';

DROP STATISTICS IF EXISTS public.orders_status_shipping;

RESET lock_timeout;
