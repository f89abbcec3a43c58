SET lock_timeout = '2s';

DROP TRIGGER IF EXISTS products_set_updated_at ON public.products;

RESET lock_timeout;
