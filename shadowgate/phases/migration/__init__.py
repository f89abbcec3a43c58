"""Phase 5: the migration does what its plan says, nothing else, and stops nobody."""
