"""Phase 10: four dated weeks into production, each with its go/no-go."""
