-- Nobody reads it any more. Its values go into a table first, for the way back.

SET lock_timeout = '2s';

CREATE TABLE IF NOT EXISTS public.products_legacy_code (
    product_id integer PRIMARY KEY,
    legacy_code text NOT NULL
);
DO $$
BEGIN
    IF EXISTS (
        SELECT FROM information_schema.columns
        WHERE (table_schema, table_name, column_name) = ('public', 'products', 'legacy_code')
    ) THEN
        INSERT INTO public.products_legacy_code
        SELECT id, legacy_code FROM public.products WHERE legacy_code IS NOT NULL
        ON CONFLICT (product_id) DO NOTHING;
    END IF;
END
$$;
ALTER TABLE public.products DROP COLUMN IF EXISTS legacy_code;

RESET lock_timeout;
