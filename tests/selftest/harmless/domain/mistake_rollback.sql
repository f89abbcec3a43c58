-- Dropped the table and forgot its domain.
-- check: rollback.objects_gone
-- says: public.email_address

SET lock_timeout = '2s';

DROP TABLE IF EXISTS public.newsletter_readers;

RESET lock_timeout;
