-- OR REPLACE keeps the privileges; the new column comes last.

SET lock_timeout = '2s';

CREATE OR REPLACE VIEW public.order_summary AS
SELECT o.id, c.name AS customer, o.status, o.total, o.placed_at, o.currency
FROM public.orders AS o
JOIN public.customers AS c ON c.id = o.customer_id;

RESET lock_timeout;
