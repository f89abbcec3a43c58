SET lock_timeout = '2s';

ALTER TABLE public.tickets DISABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tickets_of_the_application ON public.tickets;
DROP POLICY IF EXISTS tickets_of_support ON public.tickets;
REVOKE SELECT ON public.tickets FROM shop_support;

RESET lock_timeout;
