-- json cannot: SELECT DISTINCT over the table fails from now on.
-- check: migration.hazards
-- says: json-column

SET lock_timeout = '2s';

ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS payment_answer json;

RESET lock_timeout;
