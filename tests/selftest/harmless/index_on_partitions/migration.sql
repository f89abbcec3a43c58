-- Built on one partition after the other; only then does the parent's become valid.

SET lock_timeout = '2s';

DROP INDEX IF EXISTS public.events_kind_idx;
DROP INDEX CONCURRENTLY IF EXISTS public.events_2025_10_kind_idx;
DROP INDEX CONCURRENTLY IF EXISTS public.events_2025_11_kind_idx;
DROP INDEX CONCURRENTLY IF EXISTS public.events_2025_12_kind_idx;
CREATE INDEX events_kind_idx ON ONLY public.events (kind, occurred_at);
CREATE INDEX CONCURRENTLY events_2025_10_kind_idx ON public.events_2025_10 (kind, occurred_at);
ALTER INDEX public.events_kind_idx ATTACH PARTITION public.events_2025_10_kind_idx;
CREATE INDEX CONCURRENTLY events_2025_11_kind_idx ON public.events_2025_11 (kind, occurred_at);
ALTER INDEX public.events_kind_idx ATTACH PARTITION public.events_2025_11_kind_idx;
CREATE INDEX CONCURRENTLY events_2025_12_kind_idx ON public.events_2025_12 (kind, occurred_at);
ALTER INDEX public.events_kind_idx ATTACH PARTITION public.events_2025_12_kind_idx;

RESET lock_timeout;
