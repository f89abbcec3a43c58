-- Orders name a shipping method that there is. The column has an index already.

SET lock_timeout = '2s';

ALTER TABLE public.orders
    DROP CONSTRAINT IF EXISTS orders_shipping_method_fkey,
    ADD CONSTRAINT orders_shipping_method_fkey
        FOREIGN KEY (shipping_method) REFERENCES public.shipping_methods NOT VALID;
ALTER TABLE public.orders VALIDATE CONSTRAINT orders_shipping_method_fkey;

RESET lock_timeout;
