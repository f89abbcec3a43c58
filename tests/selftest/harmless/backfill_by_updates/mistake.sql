-- Did the same for customers, whose trigger says that each of them was changed just now.
-- check: migration.data_unchanged
-- says: public.customers

SET lock_timeout = '2s';

ALTER TABLE public.products ADD COLUMN IF NOT EXISTS title text;
UPDATE public.products SET title = name || ' (' || sku || ')' WHERE id <= 250 AND title IS NULL;
UPDATE public.products SET title = name || ' (' || sku || ')' WHERE id > 250 AND title IS NULL;
ALTER TABLE public.customers ADD COLUMN IF NOT EXISTS title text;
UPDATE public.customers SET title = name || ' <' || email || '>' WHERE title IS NULL;
ANALYZE public.products;

RESET lock_timeout;
