-- Gave the view the new name as well: clients that ask for the old one get an error.
-- check: performance.same_results
-- says: label

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
DROP VIEW public.warehouse_list;
CREATE VIEW public.warehouse_list AS SELECT id, title FROM public.warehouses;

RESET lock_timeout;
