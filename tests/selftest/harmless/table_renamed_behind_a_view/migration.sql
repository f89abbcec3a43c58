-- The application moves to the new name when it is next deployed; until then a view bears the old
-- one, and can be written through. Two locks, a few milliseconds.

SET lock_timeout = '2s';

BEGIN;
DO $$
BEGIN
    IF to_regclass('public.support_tickets') IS NULL THEN
        ALTER TABLE public.tickets RENAME TO support_tickets;
    END IF;
END
$$;
CREATE OR REPLACE VIEW public.tickets AS
SELECT id, customer_id, priority, subject FROM public.support_tickets;
-- shadowgate: announce privileges: who could use the table can use the view of its name
GRANT SELECT, INSERT, UPDATE, DELETE ON public.tickets TO shop_app;
COMMIT;

RESET lock_timeout;
