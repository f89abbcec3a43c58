"""The validation plan: one TOML file per migration, read into frozen dataclasses.

Every limit that a check judges by lives here, so that a reader finds it in one place and a
reviewer sees it change. Relative paths are relative to the plan file. An unknown key, a wrong type
or a file that is not there is a :class:`~shadowgate.errors.PlanError` that says which key of which
file, and what is allowed.
"""

from shadowgate.plan.calendar import Calendar, calendar_of
from shadowgate.plan.derived import derived_plan
from shadowgate.plan.reading import NAME_BYTES, read_plan
from shadowgate.plan.sections import (
    TRANSACTIONS,
    AfterTrafficSection,
    BackupSection,
    Extent,
    JobSection,
    LaterSection,
    LimitSection,
    LocksSection,
    ObjectsSection,
    PerformanceSection,
    Plan,
    ProbeSection,
    ProductionSection,
    RehearsalSection,
    RollbackSection,
    RolloutSection,
    RunnerSection,
    ServerSection,
    SimulationSection,
    TrafficSection,
    WaiverSection,
    WorkloadSection,
)

__all__ = [
    "NAME_BYTES",
    "TRANSACTIONS",
    "AfterTrafficSection",
    "BackupSection",
    "Calendar",
    "Extent",
    "JobSection",
    "LaterSection",
    "LimitSection",
    "LocksSection",
    "ObjectsSection",
    "PerformanceSection",
    "Plan",
    "ProbeSection",
    "ProductionSection",
    "RehearsalSection",
    "RollbackSection",
    "RolloutSection",
    "RunnerSection",
    "ServerSection",
    "SimulationSection",
    "TrafficSection",
    "WaiverSection",
    "WorkloadSection",
    "calendar_of",
    "derived_plan",
    "read_plan",
]
