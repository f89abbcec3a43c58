"""What a check of the catalogue is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckSpec:
    """One check of the catalogue.

    A check that is proven item by item (per query, per probe) has results whose ids are its id, a
    dot and the item: ``performance.not_slower.Q5``.
    """

    id: str
    phase: int
    why: str
    remedy: str
    requires: tuple[str, ...] = ()
    required: bool = True
    """Whether the verdict needs it to pass."""
    judges_time: bool = False
    """Skipped, with that reason, when the copy is too small for timings to mean anything."""
    always_runs: bool = False
    """Runs even when checks before it failed."""
    when: str = ""
    """What a plan must have for the check to be asked for; without it, skipped with that reason."""
    items: str = ""
    """What its results are one for each of: ``query``, ``probe`` …; empty for a single result."""
