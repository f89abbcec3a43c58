-- A shop: what every migration of this folder starts from. The same rows each time.
-- Roles belong to the server: it is one for these tests alone.

CREATE ROLE shop_app NOLOGIN;
CREATE ROLE shop_report NOLOGIN;
CREATE ROLE shop_support NOLOGIN;

CREATE EXTENSION IF NOT EXISTS postgis;

CREATE TYPE public.order_status AS ENUM ('new', 'paid', 'shipped', 'cancelled');
CREATE TYPE public.ticket_priority AS ENUM ('low', 'normal', 'high');

CREATE TABLE public.countries (
    code char(2) PRIMARY KEY,
    name text NOT NULL
);
INSERT INTO public.countries VALUES
    ('AR', 'Argentina'), ('BR', 'Brazil'), ('CL', 'Chile'), ('DE', 'Germany'), ('ES', 'Spain'),
    ('FR', 'France'), ('IT', 'Italy'), ('MX', 'Mexico'), ('PT', 'Portugal'), ('UY', 'Uruguay'),
    ('US', 'United States'), ('ZA', 'South Africa');

CREATE TABLE public.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    name varchar(60) NOT NULL,
    phone varchar(20),
    country char(2) NOT NULL REFERENCES public.countries,
    marketing_consent boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
INSERT INTO public.customers
    (email, name, phone, country, marketing_consent, created_at, updated_at)
SELECT 'customer' || n || '@shop' || n % 7 || '.example',
       'Customer ' || n,
       CASE WHEN n % 3 > 0 THEN '+55 61 9' || lpad((n * 37 % 10000)::text, 4, '0') END,
       (ARRAY['AR', 'BR', 'CL', 'DE', 'ES', 'FR', 'IT', 'PT'])[1 + n % 8],
       n % 4 = 0,
       timestamptz '2024-01-01 08:00+00' + n * interval '7 hours',
       timestamptz '2025-06-01 08:00+00' + n * interval '11 minutes'
FROM generate_series(1, 1500) AS n;
CREATE INDEX customers_country_idx ON public.customers (country);

CREATE FUNCTION public.set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER customers_set_updated_at
    BEFORE UPDATE ON public.customers
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE SEQUENCE public.products_id_seq AS integer;
CREATE TABLE public.products (
    id integer PRIMARY KEY DEFAULT nextval('public.products_id_seq'),
    sku text NOT NULL CONSTRAINT products_sku_key UNIQUE,
    name text NOT NULL,
    description text,
    price numeric(10, 2) NOT NULL CONSTRAINT products_price_check CHECK (price >= 0),
    attributes jsonb NOT NULL DEFAULT '{}',
    discontinued boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL,
    legacy_code text
);
ALTER SEQUENCE public.products_id_seq OWNED BY public.products.id;
INSERT INTO public.products
    (sku, name, description, price, attributes, discontinued, updated_at, legacy_code)
SELECT 'SKU-' || lpad(n::text, 5, '0'),
       (ARRAY['Lamp', 'Chair', 'Table', 'Shelf', 'Mirror'])[1 + n % 5] || ' ' || n,
       CASE WHEN n % 10 > 0 THEN 'Made of material ' || n % 13 END,
       (n * 17 % 900 + 5)::numeric / 4,
       jsonb_build_object('colour', n % 9, 'weight', n % 40),
       n % 50 = 0,
       timestamptz '2025-05-01 00:00+00' + n * interval '3 hours',
       CASE WHEN n % 2 = 0 THEN 'L' || n END
FROM generate_series(1, 500) AS n;
CREATE INDEX products_legacy_code_idx ON public.products (name, discontinued);

CREATE TABLE public.shipping_methods (
    code text PRIMARY KEY,
    label varchar(40) NOT NULL,
    fee integer NOT NULL
);
INSERT INTO public.shipping_methods VALUES
    ('standard', 'By post, three to five working days', 5),
    ('express', 'By courier, the next working day', 15),
    ('pickup', 'Collected at the shop', 0),
    ('freight', 'By truck, on a pallet', 60);

CREATE TABLE public.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES public.customers,
    status public.order_status NOT NULL DEFAULT 'new',
    total numeric(12, 2) NOT NULL,
    currency char(3) DEFAULT 'EUR',
    shipping_method text,
    coupon text,
    note text DEFAULT '',
    placed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO public.orders
    (customer_id, status, total, currency, shipping_method, coupon, note, placed_at)
SELECT 1 + n * 13 % 1500,
       (ARRAY['new', 'paid', 'shipped', 'shipped', 'cancelled'])[1 + n % 5]::public.order_status,
       (n * 29 % 40000)::numeric / 100,
       CASE WHEN n % 11 = 0 THEN 'USD' ELSE 'EUR' END,
       (ARRAY['standard', 'express', 'pickup'])[1 + n % 3],
       CASE WHEN n % 20 = 0 THEN 'SPRING' END,
       CASE WHEN n % 6 = 0 THEN 'Leave it at the door ' || n ELSE '' END,
       timestamptz '2025-01-01 06:00+00' + n * interval '158 minutes'
FROM generate_series(1, 3000) AS n;
CREATE INDEX orders_customer_id_idx ON public.orders (customer_id);
CREATE INDEX orders_placed_at_idx ON public.orders (placed_at);
CREATE INDEX orders_shipping_method_idx ON public.orders (shipping_method);
CREATE INDEX orders_note_idx ON public.orders (note);
COMMENT ON TABLE public.orders IS 'One row an order, kept for ten years.';

CREATE TABLE public.order_items (
    order_id bigint NOT NULL,
    line smallint NOT NULL,
    product_id integer NOT NULL REFERENCES public.products,
    quantity integer NOT NULL CONSTRAINT order_items_quantity_check CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line),
    CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders
);
INSERT INTO public.order_items
SELECT o, l, 1 + (o * 7 + l * 31) % 500, 1 + (o + l) % 4, ((o * l) % 300 + 1)::numeric / 2
FROM generate_series(1, 3000) AS o, generate_series(1, 1 + o % 3) AS l;
CREATE INDEX order_items_product_id_idx ON public.order_items (product_id);

CREATE SEQUENCE public.events_id_seq;
CREATE TABLE public.events (
    id bigint NOT NULL DEFAULT nextval('public.events_id_seq'),
    customer_id bigint NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX events_customer_id_idx ON public.events (customer_id);
CREATE TABLE public.events_2025_10 PARTITION OF public.events
    FOR VALUES FROM ('2025-10-01 00:00+00') TO ('2025-11-01 00:00+00');
CREATE TABLE public.events_2025_11 PARTITION OF public.events
    FOR VALUES FROM ('2025-11-01 00:00+00') TO ('2025-12-01 00:00+00');
CREATE TABLE public.events_2025_12 PARTITION OF public.events
    FOR VALUES FROM ('2025-12-01 00:00+00') TO ('2026-01-01 00:00+00');
INSERT INTO public.events (customer_id, kind, payload, occurred_at)
SELECT 1 + n % 1500,
       (ARRAY['visit', 'cart', 'checkout'])[1 + n % 3],
       jsonb_build_object('page', n % 25),
       timestamptz '2025-10-01 00:00+00' + n * interval '88 minutes'
FROM generate_series(1, 1500) AS n;
ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;

-- Fetched from the archive, not yet part of the events.
CREATE TABLE public.events_2025_09 (
    LIKE public.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES,
    CONSTRAINT events_2025_09_month CHECK (
        occurred_at >= '2025-09-01 00:00+00' AND occurred_at < '2025-10-01 00:00+00'
    )
);
INSERT INTO public.events_2025_09 (customer_id, kind, occurred_at)
SELECT 1 + n % 1500, 'visit', timestamptz '2025-09-01 00:00+00' + n * interval '2 hours'
FROM generate_series(1, 300) AS n;

CREATE TABLE public.places (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL,
    geom geometry(Point, 4326) NOT NULL
);
INSERT INTO public.places (name, kind, geom)
SELECT 'Place ' || n,
       (ARRAY['shop', 'depot', 'pickup point'])[1 + n % 3],
       ST_SetSRID(ST_MakePoint(-48.0 + n % 40 * 0.01, -15.9 + n / 40 * 0.02), 4326)
FROM generate_series(1, 500) AS n;
CREATE INDEX places_geom_idx ON public.places USING gist (geom);

CREATE TABLE public.warehouses (
    id integer PRIMARY KEY,
    label text NOT NULL,
    phone varchar(20),
    place_id integer REFERENCES public.places
);
INSERT INTO public.warehouses
SELECT n, 'Warehouse ' || n, '+55 61 3000 00' || lpad(n::text, 2, '0'), n * 10
FROM generate_series(1, 20) AS n;
CREATE INDEX warehouses_place_id_idx ON public.warehouses (place_id);
CREATE VIEW public.warehouse_list AS SELECT id, label FROM public.warehouses;

CREATE SEQUENCE public.tickets_id_seq AS integer;
CREATE TABLE public.tickets (
    id integer PRIMARY KEY DEFAULT nextval('public.tickets_id_seq'),
    customer_id bigint NOT NULL REFERENCES public.customers,
    priority public.ticket_priority NOT NULL DEFAULT 'normal',
    subject text NOT NULL
);
ALTER SEQUENCE public.tickets_id_seq OWNED BY public.tickets.id;
INSERT INTO public.tickets (customer_id, priority, subject)
SELECT n * 3, (ARRAY['low', 'normal', 'high'])[1 + n % 3]::public.ticket_priority, 'Ticket ' || n
FROM generate_series(1, 60) AS n;
CREATE INDEX tickets_customer_id_idx ON public.tickets (customer_id);

CREATE TABLE public.import_buffer (
    line bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    content text NOT NULL
);

CREATE SEQUENCE public.invoice_number_seq START 5001;
SELECT setval('public.invoice_number_seq', 7200);

CREATE VIEW public.order_summary AS
SELECT o.id, c.name AS customer, o.status, o.total, o.placed_at
FROM public.orders AS o
JOIN public.customers AS c ON c.id = o.customer_id;

CREATE MATERIALIZED VIEW public.daily_sales AS
SELECT (placed_at AT TIME ZONE 'UTC')::date AS day, count(*) AS orders, sum(total) AS total
FROM public.orders
WHERE status <> 'cancelled'
GROUP BY 1;

CREATE FUNCTION public.order_total(wanted bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT sum(quantity * unit_price) FROM public.order_items WHERE order_id = wanted
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON public.customers, public.orders, public.order_items TO shop_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.events, public.tickets, public.import_buffer TO shop_app;
GRANT SELECT ON public.products, public.countries, public.places TO shop_app;
GRANT SELECT ON public.orders, public.order_summary, public.daily_sales TO shop_report;
