"""The work of the phases, one module a phase: each stage runs once and leaves frozen results."""

from shadowgate.stages.earlier import apply_earlier
from shadowgate.stages.figures import projection_figure
from shadowgate.stages.interruption import interrupt
from shadowgate.stages.locks import LongestLocks, longest_locks, over_budget
from shadowgate.stages.migration import (
    Applied,
    Migrated,
    Online,
    Repeated,
    Runner,
    behave,
    learn,
    rehearse_online,
    repeat,
    review,
    review_silence,
    review_trace,
)
from shadowgate.stages.performance import (
    Simulated,
    compounded,
    measured_effects,
    sampling_of,
    simulate,
)
from shadowgate.stages.rewrites import Rewrites, prove_rewrites
from shadowgate.stages.rollback import (
    Dump,
    RolledBack,
    apply_again,
    restored_differences,
    roll_back,
    take_dump,
    write_later_rows,
)
from shadowgate.stages.rollout import rollout_facts, rollout_settings
from shadowgate.stages.state import State, differences_in_words, state_of
from shadowgate.stages.waiting import judge_waiting

__all__ = [
    "Applied",
    "Dump",
    "LongestLocks",
    "Migrated",
    "Online",
    "Repeated",
    "Rewrites",
    "RolledBack",
    "Runner",
    "Simulated",
    "State",
    "apply_again",
    "apply_earlier",
    "behave",
    "compounded",
    "differences_in_words",
    "interrupt",
    "judge_waiting",
    "learn",
    "longest_locks",
    "measured_effects",
    "over_budget",
    "projection_figure",
    "prove_rewrites",
    "rehearse_online",
    "repeat",
    "restored_differences",
    "review",
    "review_silence",
    "review_trace",
    "roll_back",
    "rollout_facts",
    "rollout_settings",
    "sampling_of",
    "simulate",
    "state_of",
    "take_dump",
    "write_later_rows",
]
