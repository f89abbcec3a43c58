-- id: Q3
-- title: Events of a week, and the places of a neighbourhood
-- kind: read
SELECT kind, count(*) AS found
FROM public.events
WHERE occurred_at >= '2025-11-03 00:00+00' AND occurred_at < '2025-11-10 00:00+00'
GROUP BY kind
UNION ALL
SELECT kind, count(*)
FROM public.places
WHERE geom && ST_MakeEnvelope(-47.9, -15.85, -47.75, -15.7, 4326)
GROUP BY kind
ORDER BY 1;
