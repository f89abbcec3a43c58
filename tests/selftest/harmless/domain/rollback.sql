SET lock_timeout = '2s';

DROP TABLE IF EXISTS public.newsletter_readers;
DROP DOMAIN IF EXISTS public.email_address;

RESET lock_timeout;
