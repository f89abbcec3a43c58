SET lock_timeout = '2s';

DO $$
BEGIN
    CREATE DOMAIN public.email_address AS text CONSTRAINT email_address_form CHECK (VALUE ~ '^[^@]+@[^@]+$');
EXCEPTION
    WHEN duplicate_object THEN NULL;
END
$$;
CREATE TABLE IF NOT EXISTS public.newsletter_readers (
    email public.email_address PRIMARY KEY,
    since date NOT NULL DEFAULT current_date
);

RESET lock_timeout;
