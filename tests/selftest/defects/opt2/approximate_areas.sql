-- Stored areas in single precision, to save four bytes a row.
-- check: migration.behaviour.exact
-- apply: replace

-- <<<
        area_m2 double precision NOT NULL,
-- >>>
        area_m2 real NOT NULL,
