-- Every customer is in the basic tier from now on. The default is constant, so no row is written.

SET lock_timeout = '2s';

ALTER TABLE public.customers ADD COLUMN IF NOT EXISTS loyalty_tier text NOT NULL DEFAULT 'basic';

RESET lock_timeout;
