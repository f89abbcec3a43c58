-- Every session of this database that waits for a lock: since when, for which lock, behind whom.
-- pg_locks.waitstart is exact (PostgreSQL 14 and later; NULL for the
-- first moment). The list of waiting sessions is made
-- first, so that pg_blocking_pids, which halts the lock manager for a moment, is asked for those
-- only.
WITH waiting AS MATERIALIZED (
  SELECT l.pid, l.mode, l.locktype, l.relation, l.waitstart
  FROM pg_catalog.pg_locks AS l
  WHERE NOT l.granted
    AND l.waitstart IS NOT NULL
)
SELECT w.pid,
       extract(epoch FROM w.waitstart)::float8,
       extract(epoch FROM pg_catalog.clock_timestamp() - w.waitstart)::float8,
       w.mode,
       coalesce(w.relation::regclass::text, w.locktype),
       pg_catalog.pg_blocking_pids(w.pid)
FROM waiting AS w
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = w.pid
WHERE a.datname = current_database()
