-- The check is validated while others work; SET NOT NULL then takes it as proof.

SET lock_timeout = '2s';

ALTER TABLE public.orders
    DROP CONSTRAINT IF EXISTS orders_currency_known,
    ADD CONSTRAINT orders_currency_known CHECK (currency IS NOT NULL) NOT VALID;
ALTER TABLE public.orders VALIDATE CONSTRAINT orders_currency_known;
ALTER TABLE public.orders ALTER COLUMN currency SET NOT NULL;
ALTER TABLE public.orders DROP CONSTRAINT orders_currency_known;

RESET lock_timeout;
