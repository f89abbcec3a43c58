-- Empty for a year.

SET lock_timeout = '2s';

DROP TABLE IF EXISTS public.import_buffer;

RESET lock_timeout;
