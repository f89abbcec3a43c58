"""Phase 7: what the later optimisations would add, measured where they can be."""
