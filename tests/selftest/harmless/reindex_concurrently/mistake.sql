-- Without CONCURRENTLY: writers wait for the whole of it.
-- check: migration.hazards
-- says: orders

SET lock_timeout = '2s';

REINDEX INDEX public.orders_customer_id_idx;

RESET lock_timeout;
