-- Open tickets of an agent
SELECT id, subject, opened_at
FROM public.tickets
WHERE agent_id = 7 AND status = 'open'
ORDER BY opened_at, id
LIMIT 20;
