-- Subscribers hear nothing of the old line any more.
-- check: rollback.schema_identical
-- says: public.order_items

SET lock_timeout = '2s';

ALTER TABLE public.order_items REPLICA IDENTITY NOTHING;

RESET lock_timeout;
