"""Production seen with the shadow's eyes, read-only: before the rollout and after each stage."""
