-- How a product is shown, filled in two halves.

SET lock_timeout = '2s';

ALTER TABLE public.products ADD COLUMN IF NOT EXISTS title text;
UPDATE public.products SET title = name || ' (' || sku || ')' WHERE id <= 250 AND title IS NULL;
UPDATE public.products SET title = name || ' (' || sku || ')' WHERE id > 250 AND title IS NULL;
ANALYZE public.products;

RESET lock_timeout;
