SET lock_timeout = '2s';

ALTER TABLE public.order_items ALTER CONSTRAINT order_items_order_id_fkey NOT DEFERRABLE;

RESET lock_timeout;
