SET lock_timeout = '2s';

ALTER TABLE public.orders ALTER COLUMN shipping_method DROP DEFAULT;
ALTER TABLE public.orders ALTER COLUMN note SET DEFAULT '';

RESET lock_timeout;
