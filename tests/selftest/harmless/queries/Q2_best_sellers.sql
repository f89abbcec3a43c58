-- id: Q2
-- title: Best sellers
-- kind: read
SELECT p.sku, p.name, sum(i.quantity) AS sold, public.order_total(min(i.order_id)) AS first_order
FROM public.products AS p
JOIN public.order_items AS i ON i.product_id = p.id
WHERE p.discontinued = false
GROUP BY p.id
ORDER BY sold DESC, p.sku
LIMIT 20;
