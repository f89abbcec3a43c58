"""Phase 4: the queries as they are before the migration."""
