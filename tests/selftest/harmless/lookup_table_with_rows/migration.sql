-- Why an order was cancelled, from a list. The list is new, so are its rows.

SET lock_timeout = '2s';

CREATE TABLE IF NOT EXISTS public.cancel_reasons (
    code text PRIMARY KEY,
    label text NOT NULL
);
INSERT INTO public.cancel_reasons (code, label)
VALUES ('changed_mind', 'Changed their mind'), ('out_of_stock', 'We had none left')
ON CONFLICT (code) DO NOTHING;
ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS cancel_reason text;
DROP INDEX CONCURRENTLY IF EXISTS public.orders_cancel_reason_idx;
CREATE INDEX CONCURRENTLY orders_cancel_reason_idx ON public.orders (cancel_reason)
WHERE cancel_reason IS NOT NULL;
ALTER TABLE public.orders
    DROP CONSTRAINT IF EXISTS orders_cancel_reason_fkey,
    ADD CONSTRAINT orders_cancel_reason_fkey
        FOREIGN KEY (cancel_reason) REFERENCES public.cancel_reasons NOT VALID;
ALTER TABLE public.orders VALIDATE CONSTRAINT orders_cancel_reason_fkey;

RESET lock_timeout;
