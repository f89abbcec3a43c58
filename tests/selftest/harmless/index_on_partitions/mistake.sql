-- Forgot December: the index of the whole stays invalid, and no query may use it there.
-- check: migration.indexes_valid
-- says: events_kind_idx

SET lock_timeout = '2s';

DROP INDEX IF EXISTS public.events_kind_idx;
DROP INDEX CONCURRENTLY IF EXISTS public.events_2025_10_kind_idx;
DROP INDEX CONCURRENTLY IF EXISTS public.events_2025_11_kind_idx;
CREATE INDEX events_kind_idx ON ONLY public.events (kind, occurred_at);
CREATE INDEX CONCURRENTLY events_2025_10_kind_idx ON public.events_2025_10 (kind, occurred_at);
ALTER INDEX public.events_kind_idx ATTACH PARTITION public.events_2025_10_kind_idx;
CREATE INDEX CONCURRENTLY events_2025_11_kind_idx ON public.events_2025_11 (kind, occurred_at);
ALTER INDEX public.events_kind_idx ATTACH PARTITION public.events_2025_11_kind_idx;

RESET lock_timeout;
