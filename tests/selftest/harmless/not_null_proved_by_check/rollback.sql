SET lock_timeout = '2s';

ALTER TABLE public.orders ALTER COLUMN currency DROP NOT NULL;

RESET lock_timeout;
