-- The application has asked every customer since its release of May, and says what they answered.

SET lock_timeout = '2s';

-- shadowgate: allow insert-refused: the application gives it since its release of May
ALTER TABLE public.customers ALTER COLUMN marketing_consent DROP DEFAULT;

RESET lock_timeout;
