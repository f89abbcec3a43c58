-- id: Q2
-- title: A new ticket
-- kind: write
INSERT INTO public.tickets (id, customer_id, priority, subject) VALUES (900001, 5, 'low', 'Where is it?');
