-- Forgot that the note had a default.
-- check: rollback.schema_identical
-- says: public.orders.note

SET lock_timeout = '2s';

ALTER TABLE public.orders ALTER COLUMN shipping_method DROP DEFAULT;

RESET lock_timeout;
