SET lock_timeout = '2s';

ALTER TABLE public.order_items
    DROP CONSTRAINT IF EXISTS order_items_unit_price_check,
    ADD CONSTRAINT order_items_unit_price_check CHECK (unit_price >= 0) NOT VALID;
ALTER TABLE public.order_items VALIDATE CONSTRAINT order_items_unit_price_check;

RESET lock_timeout;
