SET lock_timeout = '2s';

DROP FUNCTION IF EXISTS public.orders_of(bigint);

RESET lock_timeout;
