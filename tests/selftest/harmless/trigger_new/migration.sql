-- Products tell when they were changed, as customers do.

SET lock_timeout = '2s';

CREATE OR REPLACE TRIGGER products_set_updated_at
    BEFORE UPDATE ON public.products
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION public.set_updated_at();

RESET lock_timeout;
