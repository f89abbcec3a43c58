-- id: Q1
-- title: Orders of a customer
-- kind: read
SELECT id, status, total
FROM public.orders
WHERE customer_id = 42
ORDER BY id;
