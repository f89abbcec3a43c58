-- Orders go by post unless they say otherwise; a note that nobody wrote is not there.

SET lock_timeout = '2s';

ALTER TABLE public.orders ALTER COLUMN shipping_method SET DEFAULT 'standard';
ALTER TABLE public.orders ALTER COLUMN note DROP DEFAULT;

RESET lock_timeout;
