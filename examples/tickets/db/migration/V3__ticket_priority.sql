-- How urgent a ticket is, from 1 to 5.
SET lock_timeout = '2s';
ALTER TABLE public.tickets ADD COLUMN IF NOT EXISTS priority smallint NOT NULL DEFAULT 3;
RESET lock_timeout;
