-- A customer asks
INSERT INTO public.messages (ticket_id, body)
VALUES (42, 'Where is it?');
