"""What a run has gathered so far, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shadowgate.phases.results import Blocked, DoesNotApply


class Gathered:
    """Values and errors; see :class:`~shadowgate.phases.piece.Piece`."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._errors: dict[str, Exception] = {}

    def get(self, name: str, gather: Callable[[], Any]) -> Any:
        """Return the value, gathered now if it is not there.

        Raises:
            Exception: what gathering it raised, the first time and every time after it.
        """
        if name in self._errors:
            raise self._errors[name]
        if name not in self._values:
            try:
                self._values[name] = gather()
            except (Blocked, DoesNotApply):  # of the check that asks, not of the evidence
                raise
            except Exception as error:
                self._errors[name] = error
                raise
        return self._values[name]

    def put(self, name: str, value: Any) -> None:
        """Set a value, whatever gathering it came to before."""
        self._errors.pop(name, None)
        self._values[name] = value

    def known(self, name: str) -> Any:
        """The value, or ``None`` where it was not gathered."""
        return self._values.get(name)
