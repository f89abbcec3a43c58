-- Analysed again, and left the object there.
-- check: rollback.objects_gone
-- says: orders_status_shipping

SET lock_timeout = '2s';

ANALYZE public.orders;

RESET lock_timeout;
