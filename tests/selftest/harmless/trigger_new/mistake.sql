-- Tried it out on a product: that one was changed just now.
-- check: migration.data_unchanged
-- says: public.products

SET lock_timeout = '2s';

CREATE OR REPLACE TRIGGER products_set_updated_at
    BEFORE UPDATE ON public.products
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
DO $$
BEGIN
    PERFORM 1 FROM public.products WHERE sku = 'SKU-00001';
    UPDATE public.products SET sku = sku WHERE sku = 'SKU-00001';
END
$$;

RESET lock_timeout;
