-- Four rows.

SET lock_timeout = '2s';

ALTER TABLE public.shipping_methods ALTER COLUMN label TYPE varchar(40);

RESET lock_timeout;
