-- Took every price to be at most a hundred.
-- check: migration.applied
-- says: order_items_unit_price_check

SET lock_timeout = '2s';

ALTER TABLE public.order_items
    DROP CONSTRAINT IF EXISTS order_items_unit_price_check,
    ADD CONSTRAINT order_items_unit_price_check CHECK (unit_price BETWEEN 0 AND 100) NOT VALID;
ALTER TABLE public.order_items VALIDATE CONSTRAINT order_items_unit_price_check;

RESET lock_timeout;
