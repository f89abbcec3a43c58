-- Left a scratch table behind, UNLOGGED, in a schema of its own.
-- check: migration.schema_unchanged
-- apply: append

CREATE SCHEMA IF NOT EXISTS scratch;

DROP TABLE IF EXISTS scratch.moved;

CREATE UNLOGGED TABLE scratch.moved (id bigint PRIMARY KEY);
