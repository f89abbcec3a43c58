SET lock_timeout = '2s';

ALTER TABLE public.shipping_methods DROP COLUMN IF EXISTS is_free;

RESET lock_timeout;
