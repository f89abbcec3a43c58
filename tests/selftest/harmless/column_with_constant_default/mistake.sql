-- A default that differs from row to row: the whole table is written anew under ACCESS EXCLUSIVE.
-- check: migration.hazards
-- says: table-rewrite

SET lock_timeout = '2s';

ALTER TABLE public.customers
    ADD COLUMN IF NOT EXISTS loyalty_tier text NOT NULL DEFAULT 'basic',
    ADD COLUMN IF NOT EXISTS loyalty_card uuid NOT NULL DEFAULT gen_random_uuid();

RESET lock_timeout;
