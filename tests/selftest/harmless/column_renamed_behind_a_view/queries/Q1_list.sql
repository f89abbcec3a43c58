-- id: Q1
-- title: The list of warehouses
-- kind: read
SELECT id, label FROM public.warehouse_list ORDER BY id;
