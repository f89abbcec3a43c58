--
-- PostgreSQL database dump
--

-- Stands in for what pg_dump writes of production; its rows are made as it is restored.
SET statement_timeout = 0;
SET client_encoding = 'UTF8';

CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;

CREATE SCHEMA supabase_migrations;

CREATE TABLE supabase_migrations.schema_migrations (
    version text PRIMARY KEY,
    statements text[],
    name text
);

CREATE TABLE public.owners (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE public.parcels (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id bigint NOT NULL REFERENCES public.owners (id),
    geom public.geometry(Polygon, 31983) NOT NULL
);

INSERT INTO supabase_migrations.schema_migrations (version, name)
VALUES ('20260105090000', 'parcels');

INSERT INTO public.owners (name)
SELECT format('Owner %s', n)
FROM generate_series(1, 200) AS n;

-- Squares of 100 m, 70 in a row.
INSERT INTO public.parcels (owner_id, geom)
SELECT
    1 + n % 200,
    public.ST_MakeEnvelope(x, y, x + 100, y + 100, 31983)
FROM generate_series(0, 3999) AS n
CROSS JOIN LATERAL (SELECT 610000 + n % 70 * 100 AS x, 8150000 + n / 70 * 100 AS y) AS corner;

CREATE INDEX parcels_geom ON public.parcels USING gist (geom);

ALTER TABLE public.parcels ENABLE ROW LEVEL SECURITY;
CREATE POLICY parcels_are_public ON public.parcels FOR SELECT USING (true);

--
-- PostgreSQL database dump complete
--
