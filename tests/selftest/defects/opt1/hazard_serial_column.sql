-- Numbered the log with serial.
-- check: migration.hazards
-- apply: replace

-- <<<
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
-- >>>
            id bigserial PRIMARY KEY,
