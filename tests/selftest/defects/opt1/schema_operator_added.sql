-- Left an operator behind.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    IF to_regoperator('public.=~(text,text)') IS NULL THEN
        CREATE OPERATOR public.=~ (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text);
    END IF;
END
$$;
