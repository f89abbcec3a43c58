-- Let the log take fresh entries only: true for each row when it is written, for none when a dump
-- is restored.
-- check: rollback.snapshot_restores
-- apply: replace

-- <<<
            logged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
-- >>>
            logged_at timestamptz NOT NULL DEFAULT clock_timestamp()
                CHECK (logged_at > clock_timestamp() - INTERVAL '0.5 s'),
