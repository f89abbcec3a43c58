"""What a check is: one claim about the migration, and the function that judges it.

A check is written once, in ``checks.py`` of its phase::

    @check("rollback.rows_identical", remedy="Compare the rows named with the restored backup.")
    def rows_identical(rolled_back: RolledBack, finding: Finding) -> None:
        \"\"\"Every row from before the migration is there, unchanged.

        A rollback that loses a row is worse than the migration.
        \"\"\"

The docstring's first paragraph is the claim that the report shows, the second says why it matters.
The parameters name the evidence that the check takes from the :class:`~shadowgate.phases.run.Run`,
so what it stands on is not written a second time; ``finding`` is where it writes down what it
measured. In a test it is called like any function, with evidence made for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec

if TYPE_CHECKING:
    from shadowgate.phases.run import Run

P = ParamSpec("P")

PHASES: dict[str, str] = {
    "environment": "Environment setup",
    "restore": "Backup restore",
    "monitoring": "Monitoring setup",
    "baseline": "Pre-migration baseline",
    "migration": "Migration",
    "performance": "Post-migration baseline",
    "simulation": "Simulation of later optimisations",
    "rollback": "Rollback testing",
    "signoff": "Sign-off",
    "rollout": "Production rollout planning",
}
"""Name of each phase -> its title, in order; the name begins the id of each of its checks."""


@dataclass(frozen=True)
class Items:
    """What a check is judged for one by one, such as the queries of the workload."""

    name: str
    """Of one of them: the check's parameter, and what the documentation calls it."""
    of: Callable[[Run], Iterable[str]]
    not_judged: Callable[[Run, str], str] = lambda _run, _item: ""
    """Why an item is named but cannot be judged; empty if it can."""


@dataclass(frozen=True)
class Check(Generic[P]):
    """One check; see the module's docstring."""

    id: str
    """Phase, a dot, and the name of what is claimed."""
    judge: Callable[P, None]
    remedy: str
    """What to do when it fails."""
    required: bool = True
    """Whether the verdict needs it to pass."""
    judges_time: bool = False
    """Not asked for where the copy is too small for timings to mean anything."""
    takes_times: bool = False
    """Has queries timed for itself alone: not carried out once the verdict is NO-GO already."""
    applies: Callable[[Run], str] | None = None
    """Why it does not apply to this plan, backup and server; empty if it does."""
    concludes: bool = False
    """It only says what the other checks amount to: where it fails, it follows from them."""
    items: Items | None = None
    """A result for each of these, whose id is the check's, a dot and the item."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Judge evidence.

        Raises:
            CheckFailed: what is claimed does not hold.
            CheckInconclusive: the evidence does not decide.
        """
        self.judge(*args, **kwargs)

    @cached_property
    def phase(self) -> int:
        """Number of its phase, from 1."""
        return list(PHASES).index(self.id.partition(".")[0]) + 1

    @cached_property
    def claim(self) -> str:
        """The sentence that it proves, as the report shows it."""
        return self._paragraphs[0]

    @cached_property
    def why(self) -> str:
        """Why that matters."""
        return self._paragraphs[1]

    @cached_property
    def takes(self) -> tuple[str, ...]:
        """Names of the evidence that it is judged by, of its item and of the finding."""
        return tuple(inspect.signature(self.judge).parameters)

    @cached_property
    def _paragraphs(self) -> tuple[str, ...]:
        text = inspect.cleandoc(self.judge.__doc__ or "")
        return tuple(" ".join(each.split()) for each in text.split("\n\n"))

    def items_of(self, run: Run) -> tuple[str, ...]:
        """The items that a run has it judged for; ``("",)`` where it is judged as a whole."""
        return tuple(self.items.of(run)) if self.items else ("",)

    def result_id(self, item: str) -> str:
        """Id of the result for an item; the check's own for ``""``."""
        return f"{self.id}.{item}" if item else self.id

    def result_ids(self, run: Run) -> tuple[str, ...]:
        """Ids of the results that a complete run has; the check's own where there is no item."""
        return tuple(map(self.result_id, self.items_of(run) or ("",)))


def check(
    id_: str,
    *,
    remedy: str,
    required: bool = True,
    judges_time: bool = False,
    takes_times: bool = False,
    applies: Callable[[Run], str] | None = None,
    concludes: bool = False,
    items: Items | None = None,
) -> Callable[[Callable[P, None]], Check[P]]:
    """Make a check of the function that judges it; see :class:`Check` for the arguments."""

    def made(judge: Callable[P, None]) -> Check[P]:
        return Check(
            id_, judge, remedy, required, judges_time, takes_times, applies, concludes, items
        )

    return made


def checks_of(module: ModuleType) -> tuple[Check[Any], ...]:
    """The checks of a module, in the order in which it defines them."""
    return tuple(value for value in vars(module).values() if isinstance(value, Check))
