SET lock_timeout = '2s';

DROP TABLE IF EXISTS public.events_2026_01;

RESET lock_timeout;
