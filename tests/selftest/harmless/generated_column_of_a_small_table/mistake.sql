-- The same for the lines of all orders: the largest table is written anew.
-- check: migration.hazards
-- says: table-rewrite

SET lock_timeout = '2s';

ALTER TABLE public.order_items
    ADD COLUMN IF NOT EXISTS line_total numeric(12, 2)
        GENERATED ALWAYS AS (quantity * unit_price) STORED;

RESET lock_timeout;
