-- Added and validated in one step: writers wait while every order is looked at.
-- check: migration.hazards
-- says: constraint-validated-under-lock

SET lock_timeout = '2s';

ALTER TABLE public.orders
    DROP CONSTRAINT IF EXISTS orders_shipping_method_fkey,
    ADD CONSTRAINT orders_shipping_method_fkey
        FOREIGN KEY (shipping_method) REFERENCES public.shipping_methods;

RESET lock_timeout;
