SET lock_timeout = '2s';

CREATE STATISTICS IF NOT EXISTS public.orders_status_shipping (dependencies, mcv)
    ON status, shipping_method FROM public.orders;
ANALYZE public.orders;

RESET lock_timeout;
