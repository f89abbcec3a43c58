-- Chose json for the detail of the log.
-- check: migration.hazards
-- apply: replace

-- <<<
            detail text NOT NULL DEFAULT ''
-- >>>
            detail text NOT NULL DEFAULT '',
            facts json
