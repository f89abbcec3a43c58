SET lock_timeout = '2s';

-- shadowgate: announce privileges: the reports show the names of products
GRANT SELECT ON public.products TO shop_report;

RESET lock_timeout;
