"""The work of the phases, one module a phase: each stage runs once and leaves frozen results."""

from shadowgate.stages.earlier import apply_earlier
from shadowgate.stages.history import History, last_run, timing_key
from shadowgate.stages.interruption import interrupt
from shadowgate.stages.jobs import Scheduled, run_scheduled
from shadowgate.stages.layout import layout_table, left_out, tell_layout, with_layout
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
from shadowgate.stages.performance import sampling_of
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
from shadowgate.stages.series import (
    achieved,
    costs_table,
    effects_table,
    forecast_table,
    in_words,
    own_effect,
    projections,
    series_figure,
    together,
)
from shadowgate.stages.simulation import (
    Series,
    compounded,
    compounded_by_query,
    simulate,
)
from shadowgate.stages.state import State, differences_in_words, state_of
from shadowgate.stages.together import (
    BEFORE,
    judge_series,
    judge_together,
    limits_together,
    undecided_queries,
)
from shadowgate.stages.waiting import judge_kept, judge_waiting
from shadowgate.stages.witnesses import Held, hold_witnesses

__all__ = [
    "BEFORE",
    "Applied",
    "Dump",
    "Held",
    "History",
    "LongestLocks",
    "Migrated",
    "Online",
    "Repeated",
    "Rewrites",
    "RolledBack",
    "Runner",
    "Scheduled",
    "Series",
    "State",
    "achieved",
    "apply_again",
    "apply_earlier",
    "behave",
    "compounded",
    "compounded_by_query",
    "costs_table",
    "differences_in_words",
    "effects_table",
    "forecast_table",
    "hold_witnesses",
    "in_words",
    "interrupt",
    "judge_kept",
    "judge_series",
    "judge_together",
    "judge_waiting",
    "last_run",
    "layout_table",
    "learn",
    "left_out",
    "limits_together",
    "longest_locks",
    "over_budget",
    "own_effect",
    "projections",
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
    "run_scheduled",
    "sampling_of",
    "series_figure",
    "simulate",
    "state_of",
    "take_dump",
    "tell_layout",
    "timing_key",
    "together",
    "undecided_queries",
    "with_layout",
    "write_later_rows",
]
