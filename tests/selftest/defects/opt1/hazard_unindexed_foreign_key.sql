-- Gave the log a foreign key without an index.
-- check: migration.hazards
-- apply: replace

-- <<<
            detail text NOT NULL DEFAULT ''
-- >>>
            detail text NOT NULL DEFAULT '',
            item bigint REFERENCES public.catalogo
