SET lock_timeout = '2s';
ALTER TABLE public.tickets DROP COLUMN IF EXISTS priority;
RESET lock_timeout;
