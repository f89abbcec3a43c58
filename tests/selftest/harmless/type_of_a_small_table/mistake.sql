-- Took the fees for cents.
-- check: migration.data_unchanged
-- says: public.shipping_methods

SET lock_timeout = '2s';

ALTER TABLE public.shipping_methods ALTER COLUMN fee TYPE numeric(8, 2) USING fee / 100;

RESET lock_timeout;
