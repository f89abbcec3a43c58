-- The constraint builds its index while nobody gets at the table.
-- check: migration.hazards
-- says: constraint-builds-index

SET lock_timeout = '2s';

ALTER TABLE public.customers
    DROP CONSTRAINT IF EXISTS customers_email_key,
    ADD CONSTRAINT customers_email_key UNIQUE (email);

RESET lock_timeout;
