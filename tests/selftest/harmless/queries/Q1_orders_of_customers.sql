-- id: Q1
-- title: Orders of some customers
-- kind: read
SELECT o.id, o.status, o.total, o.currency, o.shipping_method, s.customer
FROM public.orders AS o
JOIN public.order_summary AS s USING (id)
WHERE o.customer_id BETWEEN 100 AND 140
ORDER BY o.id;
