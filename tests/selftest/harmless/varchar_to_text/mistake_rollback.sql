-- Went back to another limit than it had.
-- check: rollback.schema_identical
-- says: public.warehouses.phone

SET lock_timeout = '2s';

ALTER TABLE public.warehouses ALTER COLUMN phone TYPE varchar(30);

RESET lock_timeout;
