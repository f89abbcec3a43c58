-- Reviews of products. The keys are added to the empty table, where they stop nobody for long.

SET lock_timeout = '2s';

CREATE TABLE IF NOT EXISTS public.reviews (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id integer NOT NULL,
    customer_id bigint NOT NULL,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS reviews_product_id_idx ON public.reviews (product_id);
CREATE INDEX IF NOT EXISTS reviews_customer_id_idx ON public.reviews (customer_id);
ALTER TABLE public.reviews
    DROP CONSTRAINT IF EXISTS reviews_product_id_fkey,
    ADD CONSTRAINT reviews_product_id_fkey
        FOREIGN KEY (product_id) REFERENCES public.products NOT VALID;
ALTER TABLE public.reviews VALIDATE CONSTRAINT reviews_product_id_fkey;
ALTER TABLE public.reviews
    DROP CONSTRAINT IF EXISTS reviews_customer_id_fkey,
    ADD CONSTRAINT reviews_customer_id_fkey
        FOREIGN KEY (customer_id) REFERENCES public.customers NOT VALID;
ALTER TABLE public.reviews VALIDATE CONSTRAINT reviews_customer_id_fkey;

RESET lock_timeout;
