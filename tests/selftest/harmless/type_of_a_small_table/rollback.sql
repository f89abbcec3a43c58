SET lock_timeout = '2s';

ALTER TABLE public.shipping_methods ALTER COLUMN fee TYPE integer;

RESET lock_timeout;
