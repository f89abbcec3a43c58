"""Estimates, intervals and what they say: pure functions, which know nothing of a database."""
