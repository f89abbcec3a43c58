"""Phase 9: the verdict, derived from the checks and from nothing else."""
