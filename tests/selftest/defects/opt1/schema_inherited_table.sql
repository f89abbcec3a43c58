-- Made an ordinary table inherit from another.
-- check: migration.schema_unchanged
-- apply: append

CREATE TABLE IF NOT EXISTS public.catalogo_old () INHERITS (public.catalogo);
