-- Lost the quantity.
-- check: performance.same_results
-- says: SKU-

SET lock_timeout = '2s';

CREATE OR REPLACE FUNCTION public.order_total(wanted bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(unit_price), 0) FROM public.order_items WHERE order_id = wanted
$$;

RESET lock_timeout;
