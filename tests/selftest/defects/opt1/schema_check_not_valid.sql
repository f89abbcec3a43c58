-- Put a check back NOT VALID and forgot to validate it.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo DROP CONSTRAINT catalogo_tipo_check;

ALTER TABLE public.catalogo ADD CONSTRAINT catalogo_tipo_check CHECK (
    tipo IN ('mata', 'pivo', 'pasto', 'edificacao', 'via', 'reserva', 'curral', 'lavoura')
) NOT VALID;
