-- id: Q1
-- title: Tickets by priority
-- kind: read
SELECT priority, count(*) FROM public.tickets GROUP BY priority ORDER BY priority;
