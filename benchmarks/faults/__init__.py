"""What becomes of a run that is disturbed: ``./run bench faults``."""
