-- Deletes every country without customers.
-- check: rollback.rows_identical
-- says: public.countries

SET lock_timeout = '2s';

DELETE FROM public.countries
WHERE code NOT IN (SELECT country FROM public.customers);

RESET lock_timeout;
