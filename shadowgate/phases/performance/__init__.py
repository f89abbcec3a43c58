"""Phase 6: the same queries, paired with the copy before the migration."""
