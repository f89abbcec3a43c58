-- Put a trigger on the items that takes none without a description, which most have not.
-- check: migration.clients
-- also: migration.schema_unchanged because the plan names neither the function nor the trigger
-- apply: append

CREATE OR REPLACE FUNCTION public.descricao_exigida() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.descricao = '' THEN
        RAISE EXCEPTION 'an item needs a description';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER descricao_exigida BEFORE INSERT ON public.catalogo
    FOR EACH ROW EXECUTE FUNCTION public.descricao_exigida();
