-- Made an index anew and picked another operator class from an article.
-- check: migration.schema_unchanged
-- also: migration.hazards because writers wait for the new index
-- apply: append

DROP INDEX public.catalogo_tipo_status_idx;

CREATE INDEX catalogo_tipo_status_idx ON public.catalogo (tipo text_pattern_ops, status);
