SET lock_timeout = '2s';

ALTER TABLE public.customers ALTER COLUMN marketing_consent SET DEFAULT false;

RESET lock_timeout;
