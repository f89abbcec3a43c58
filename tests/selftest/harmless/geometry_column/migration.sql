-- Where a customer wants parcels to go. Empty for now.

SET lock_timeout = '2s';

ALTER TABLE public.customers ADD COLUMN IF NOT EXISTS location geometry(Point, 4326);
DROP INDEX CONCURRENTLY IF EXISTS public.customers_location_idx;
CREATE INDEX CONCURRENTLY customers_location_idx ON public.customers USING gist (location);

RESET lock_timeout;
