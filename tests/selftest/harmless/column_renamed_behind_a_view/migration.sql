-- Clients read the view, which goes on saying label.

SET lock_timeout = '2s';

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM information_schema.columns
        WHERE (table_schema, table_name, column_name) = ('public', 'warehouses', 'label')
    ) THEN
        ALTER TABLE public.warehouses RENAME COLUMN label TO title;
    END IF;
END
$$;
CREATE OR REPLACE VIEW public.warehouse_list AS SELECT id, title AS label FROM public.warehouses;

RESET lock_timeout;
