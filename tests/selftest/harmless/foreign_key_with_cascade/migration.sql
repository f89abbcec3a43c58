-- Lines go with their order. The new key stands before the old one goes.

SET lock_timeout = '2s';

ALTER TABLE public.order_items
    DROP CONSTRAINT IF EXISTS order_items_order_id_cascade_fkey,
    ADD CONSTRAINT order_items_order_id_cascade_fkey
        FOREIGN KEY (order_id) REFERENCES public.orders ON DELETE CASCADE NOT VALID;
ALTER TABLE public.order_items VALIDATE CONSTRAINT order_items_order_id_cascade_fkey;
ALTER TABLE public.order_items DROP CONSTRAINT IF EXISTS order_items_order_id_fkey;

RESET lock_timeout;
