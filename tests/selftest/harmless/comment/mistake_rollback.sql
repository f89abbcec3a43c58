-- Forgot that the table had a comment before.
-- check: rollback.schema_identical
-- says: public.orders

SET lock_timeout = '2s';

COMMENT ON TABLE public.orders IS NULL;
COMMENT ON COLUMN public.orders.coupon IS NULL;

RESET lock_timeout;
