-- Took Spain for Brazil.
-- check: rollback.rows_identical
-- says: public.countries

SET lock_timeout = '2s';

UPDATE public.countries SET name = 'Brazil' WHERE name IN ('Brasil', 'España');

RESET lock_timeout;
