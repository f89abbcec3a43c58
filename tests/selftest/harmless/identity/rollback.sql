SET lock_timeout = '2s';

DO $$
DECLARE
    last_id bigint;
    used boolean;
BEGIN
    LOCK TABLE public.tickets IN ACCESS EXCLUSIVE MODE;
    SELECT last_value, is_called INTO last_id, used FROM public.tickets_id_seq;
    ALTER TABLE public.tickets ALTER COLUMN id DROP IDENTITY IF EXISTS;
    CREATE SEQUENCE public.tickets_id_seq AS integer OWNED BY public.tickets.id;
    ALTER TABLE public.tickets ALTER COLUMN id SET DEFAULT nextval('public.tickets_id_seq');
    PERFORM setval('public.tickets_id_seq', last_id, used);
END
$$;

RESET lock_timeout;
