-- Subscribers hear the whole old line.

SET lock_timeout = '2s';

ALTER TABLE public.order_items REPLICA IDENTITY FULL;

RESET lock_timeout;
