SET lock_timeout = '2s';

REVOKE SELECT ON public.products FROM shop_report;

RESET lock_timeout;
