SET lock_timeout = '2s';

CREATE SEQUENCE IF NOT EXISTS public.parcel_number_seq START 100000 CACHE 20;

RESET lock_timeout;
