-- What was written meanwhile fits, or this fails before it has changed anything.

SET lock_timeout = '2s';

ALTER TABLE public.warehouses ALTER COLUMN phone TYPE varchar(20);

RESET lock_timeout;
