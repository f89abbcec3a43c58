"""Phase 8: the way back, by script and by snapshot."""
