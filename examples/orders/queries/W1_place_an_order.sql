-- id: W1
-- title: Place an order
-- kind: write
INSERT INTO public.orders (customer_id, status, total, placed_on)
VALUES (42, 'open', 19.90, date '2026-02-01');
