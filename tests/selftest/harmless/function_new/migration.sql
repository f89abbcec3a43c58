SET lock_timeout = '2s';

CREATE OR REPLACE FUNCTION public.orders_of(wanted bigint) RETURNS SETOF public.orders
LANGUAGE sql STABLE AS $$
    SELECT * FROM public.orders WHERE customer_id = wanted ORDER BY placed_at DESC
$$;

RESET lock_timeout;
