SET lock_timeout = '2s';

CREATE OR REPLACE FUNCTION public.order_total(wanted bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT sum(quantity * unit_price) FROM public.order_items WHERE order_id = wanted
$$;

RESET lock_timeout;
