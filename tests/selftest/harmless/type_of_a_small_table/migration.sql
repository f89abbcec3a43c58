-- Fees with cents. Four rows are written anew, which is over before anybody notices.

SET lock_timeout = '2s';

ALTER TABLE public.shipping_methods ALTER COLUMN fee TYPE numeric(8, 2);

RESET lock_timeout;
