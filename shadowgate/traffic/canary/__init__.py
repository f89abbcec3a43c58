"""The rollout rehearsed: a share of the load goes to a migrated copy, and triggers roll back."""

from shadowgate.traffic.canary.rehearsal import (
    BRIEF,
    ArmFigures,
    CanaryRehearsal,
    Differences,
    Hit,
    Scripts,
    Stage,
    WayBack,
    rehearse_rollout,
)
from shadowgate.traffic.canary.statements import Asked
from shadowgate.traffic.canary.triggers import (
    ErrorLook,
    LatencyLook,
    Trigger,
    requests_to_see_errors,
    seconds_to_see_latency,
)

__all__ = [
    "BRIEF",
    "ArmFigures",
    "Asked",
    "CanaryRehearsal",
    "Differences",
    "ErrorLook",
    "Hit",
    "LatencyLook",
    "Scripts",
    "Stage",
    "Trigger",
    "WayBack",
    "rehearse_rollout",
    "requests_to_see_errors",
    "seconds_to_see_latency",
]
