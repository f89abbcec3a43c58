-- Lines may be written before their order, within one transaction.

SET lock_timeout = '2s';

ALTER TABLE public.order_items
    ALTER CONSTRAINT order_items_order_id_fkey DEFERRABLE INITIALLY DEFERRED;

RESET lock_timeout;
