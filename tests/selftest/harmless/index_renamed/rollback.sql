SET lock_timeout = '2s';

ALTER INDEX IF EXISTS public.products_name_discontinued_idx RENAME TO products_legacy_code_idx;

RESET lock_timeout;
