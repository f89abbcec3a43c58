-- What production looks like: a shop with customers and orders.
CREATE TABLE public.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES public.customers (id),
    status text NOT NULL CHECK (status IN ('open', 'paid', 'shipped')),
    total numeric(10, 2) NOT NULL,
    placed_on date NOT NULL
);

CREATE INDEX orders_customer ON public.orders (customer_id);

INSERT INTO public.customers (email, created_at)
SELECT format('customer%s@example.org', n), '2025-01-01'::timestamptz + n * interval '1 minute'
FROM generate_series(1, 2000) AS n;

INSERT INTO public.orders (customer_id, status, total, placed_on)
SELECT
    1 + n * 7919 % 2000,
    (ARRAY['open', 'paid', 'shipped'])[1 + n % 3],
    (n * 37 % 50000) / 100.0,
    date '2025-01-01' + n % 365
FROM generate_series(1, 20000) AS n;

ANALYZE;
