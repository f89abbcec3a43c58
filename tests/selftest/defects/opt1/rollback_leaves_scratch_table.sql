-- Left a safety copy behind.
-- script: rollback
-- check: rollback.objects_gone
-- also: rollback.schema_identical because the copy was not there before
-- also: rollback.reapplies because the copy was not there the first time
-- apply: append

CREATE TABLE public.catalogo_before_rollback AS SELECT id, nome FROM public.catalogo;
