SET lock_timeout = '2s';

DROP INDEX IF EXISTS public.events_kind_idx;

RESET lock_timeout;
