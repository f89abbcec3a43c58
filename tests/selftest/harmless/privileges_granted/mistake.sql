-- Granted one table more than anybody was told of: addresses of customers.
-- check: migration.privileges_unchanged
-- says: public.customers

SET lock_timeout = '2s';

-- shadowgate: announce privileges: the reports show the names of products
GRANT SELECT ON public.products TO shop_report;
GRANT SELECT ON public.customers TO shop_report;

RESET lock_timeout;
