-- An agent answers
INSERT INTO public.messages (ticket_id, agent_id, body)
VALUES (42, 7, 'It is on its way.');
