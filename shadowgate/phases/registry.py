"""Every check, in the order of the phases."""

from __future__ import annotations

from typing import Any

from shadowgate.phases.baseline import checks as baseline
from shadowgate.phases.check import Check, checks_of
from shadowgate.phases.environment import checks as environment
from shadowgate.phases.migration import checks as migration
from shadowgate.phases.monitoring import checks as monitoring
from shadowgate.phases.performance import checks as performance
from shadowgate.phases.restore import checks as restore
from shadowgate.phases.rollback import checks as rollback
from shadowgate.phases.rollout import checks as rollout
from shadowgate.phases.signoff import checks as signoff
from shadowgate.phases.simulation import checks as simulation

MODULES = (
    environment,
    restore,
    monitoring,
    baseline,
    migration,
    performance,
    simulation,
    rollback,
    signoff,
    rollout,
)
"""The module of each phase that holds its checks."""

CHECKS: tuple[Check[Any], ...] = tuple(each for module in MODULES for each in checks_of(module))
