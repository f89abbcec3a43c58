SET lock_timeout = '2s';

ALTER TABLE public.products ADD COLUMN IF NOT EXISTS legacy_code text;
UPDATE public.products AS p
SET legacy_code = kept.legacy_code
FROM public.products_legacy_code AS kept
WHERE kept.product_id = p.id;
DROP TABLE public.products_legacy_code;

RESET lock_timeout;
