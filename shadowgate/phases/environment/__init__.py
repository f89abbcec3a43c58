"""Phase 1: a server that can host the shadow."""
