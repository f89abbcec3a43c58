-- The price of each line, filled order by order by a procedure that goes afterwards.

SET lock_timeout = '2s';

ALTER TABLE public.order_items ADD COLUMN IF NOT EXISTS line_total numeric(12, 2);
CREATE OR REPLACE PROCEDURE public.fill_line_total() LANGUAGE plpgsql AS $$
DECLARE
    lowest bigint := 0;
BEGIN
    WHILE lowest <= (SELECT max(order_id) FROM public.order_items) LOOP
        UPDATE public.order_items SET line_total = quantity * unit_price
        WHERE order_id > lowest AND order_id <= lowest + 2000 AND line_total IS NULL;
        COMMIT;
        lowest := lowest + 2000;
    END LOOP;
END
$$;
CALL public.fill_line_total();
DROP PROCEDURE public.fill_line_total();
ANALYZE public.order_items;

RESET lock_timeout;
