"""Whether a query is answered with the same rows on both sides, in whatever order."""
