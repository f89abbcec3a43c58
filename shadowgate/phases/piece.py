"""A piece of evidence of a run: gathered when it is first asked for, and only once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Literal, Self, TypeVar, overload

if TYPE_CHECKING:
    from shadowgate.phases.run import Run

T = TypeVar("T")

Durations = Literal["judged", "judged on enough rows", "not judged"]


class Piece(Generic[T]):
    """An attribute of :class:`~shadowgate.phases.run.Run` that is computed at its first use.

    An error in gathering it is kept as well, and raised each time. Where a check proves it sound,
    every other check that asks for it is blocked until that one has passed. A test may set it.
    """

    durations: Durations = "not judged"
    """Whether a check judges how long something took in it: it is then gathered alone."""

    def __init__(self, gather: Callable[[Run], T], proven_by: str = "") -> None:
        self.gather = gather
        self.proven_by = proven_by
        self.__doc__ = gather.__doc__

    def __set_name__(self, owner: type[Run], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, run: None, owner: type[Run]) -> Self: ...

    @overload
    def __get__(self, run: Run, owner: type[Run]) -> T: ...

    def __get__(self, run: Run | None, owner: type[Run]) -> T | Self:
        if run is None:
            return self
        if self.proven_by and run.judged_check not in ("", self.proven_by):
            run.results.require_passed(self.proven_by)
        found: T = run.gathered.get(self.name, lambda: self._gather(run))
        return found

    def __set__(self, run: Run, value: T) -> None:
        run.gathered.put(self.name, value)

    def _gather(self, run: Run) -> T:
        if run.is_judged(self.durations):
            with run.turn.alone():
                return self.gather(run)
        return self.gather(run)


def evidence(gather: Callable[[Run], T]) -> Piece[T]:
    """Make a piece of evidence of a method that gathers it."""
    return Piece(gather)


def proven_by(check: str) -> Callable[[Callable[[Run], T]], Piece[T]]:
    """The same, for evidence that a check proves sound for all others."""

    def made(gather: Callable[[Run], T]) -> Piece[T]:
        return Piece(gather, check)

    return made


def judged_durations(piece: Piece[T]) -> Piece[T]:
    """Mark evidence some of whose durations a check judges, on however few rows."""
    piece.durations = "judged"
    return piece


def judged_timings(piece: Piece[T]) -> Piece[T]:
    """Mark evidence whose durations are judged where the rows are enough for timings."""
    piece.durations = "judged on enough rows"
    return piece
