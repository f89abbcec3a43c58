SET lock_timeout = '2s';

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM information_schema.columns
        WHERE (table_schema, table_name, column_name) = ('public', 'warehouses', 'title')
    ) THEN
        ALTER TABLE public.warehouses RENAME COLUMN title TO label;
    END IF;
END
$$;
CREATE OR REPLACE VIEW public.warehouse_list AS SELECT id, label FROM public.warehouses;

RESET lock_timeout;
