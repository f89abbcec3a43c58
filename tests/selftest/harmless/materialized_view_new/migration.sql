SET lock_timeout = '2s';

CREATE MATERIALIZED VIEW IF NOT EXISTS public.customer_totals AS
SELECT customer_id, count(*) AS orders, sum(total) AS total
FROM public.orders
WHERE status <> 'cancelled'
GROUP BY customer_id;
CREATE UNIQUE INDEX IF NOT EXISTS customer_totals_customer_id_idx
    ON public.customer_totals (customer_id);
REFRESH MATERIALIZED VIEW CONCURRENTLY public.customer_totals;

RESET lock_timeout;
