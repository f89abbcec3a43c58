SET lock_timeout = '2s';

BEGIN;
DROP VIEW IF EXISTS public.tickets;
ALTER TABLE IF EXISTS public.support_tickets RENAME TO tickets;
COMMIT;

RESET lock_timeout;
