SET lock_timeout = '2s';

DROP SEQUENCE IF EXISTS public.parcel_number_seq;

RESET lock_timeout;
