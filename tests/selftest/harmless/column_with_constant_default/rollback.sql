SET lock_timeout = '2s';

ALTER TABLE public.customers DROP COLUMN IF EXISTS loyalty_tier;

RESET lock_timeout;
