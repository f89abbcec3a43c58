-- Left a policy behind that lets everything through once row security is on.
-- check: migration.privileges_unchanged
-- apply: append

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polname = 'everything') THEN
        CREATE POLICY everything ON public.catalogo USING (true);
    END IF;
END
$$;
