SET lock_timeout = '2s';

ALTER TABLE public.order_items REPLICA IDENTITY DEFAULT;

RESET lock_timeout;
