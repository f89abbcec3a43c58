-- Writers wait until the index is built.
-- check: migration.hazards
-- says: index-blocks-writers

SET lock_timeout = '2s';

ALTER TABLE public.customers ADD COLUMN IF NOT EXISTS location geometry(Point, 4326);
DROP INDEX IF EXISTS public.customers_location_idx;
CREATE INDEX customers_location_idx ON public.customers USING gist (location);

RESET lock_timeout;
