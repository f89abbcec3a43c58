-- Turned it on for orders too, where no policy lets the application through.
-- check: migration.privileges_unchanged
-- says: public.orders

SET lock_timeout = '2s';

-- shadowgate: announce privileges: support gets to see what it works on
GRANT SELECT ON public.tickets TO shop_support;
-- shadowgate: announce privileges: and nothing else
DROP POLICY IF EXISTS tickets_of_support ON public.tickets;
-- shadowgate: announce privileges: and nothing else
CREATE POLICY tickets_of_support ON public.tickets
    FOR SELECT TO shop_support USING (priority = 'high');
-- shadowgate: announce privileges: the application is not restricted
DROP POLICY IF EXISTS tickets_of_the_application ON public.tickets;
-- shadowgate: announce privileges: the application is not restricted
CREATE POLICY tickets_of_the_application ON public.tickets
    TO shop_app USING (true) WITH CHECK (true);
-- shadowgate: announce privileges: puts the policies into force
ALTER TABLE public.tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;

RESET lock_timeout;
