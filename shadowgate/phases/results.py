"""The results of a run so far, and the checks that were found not to apply."""

from __future__ import annotations

from dataclasses import dataclass, field

from shadowgate.evidence import CheckResult
from shadowgate.language import sentence


class Blocked(Exception):  # noqa: N818 - the state of a check, not an error
    """Evidence was asked for that an earlier check has not proven sound.

    Args:
        by: id of the check at the root of it.
        why: said instead of that.
    """

    def __init__(self, by: str, why: str = "") -> None:
        self.by = by
        super().__init__(why or sentence("blocked by {check}", check=by))


class Needless(Blocked):
    """A check could add nothing to a NO-GO that stands already.

    Args:
        by: id of the check that decided it.
    """

    def __init__(self, by: str) -> None:
        super().__init__(
            by,
            sentence(
                "not run: the verdict is NO-GO already, by {check} (--all runs it all the same)",
                check=by,
            ),
        )


class DoesNotApply(Exception):  # noqa: N818 - the state of a check, not an error
    """The plan, the backup or the server has nothing that the check is about; says what."""


@dataclass
class Results:
    """What checks have left, by result id."""

    by_id: dict[str, CheckResult] = field(default_factory=dict)
    not_applicable: dict[str, str] = field(default_factory=dict)
    """Result id -> why its check does not apply, as the check's own predicate said."""

    _met: list[tuple[Exception, str]] = field(default_factory=list)

    def first_to_meet(self, error: Exception, result_id: str) -> str:
        """Id of the result that met an error first: this one, if none did before."""
        for known, first in self._met:
            if known is error:
                return first
        self._met.append((error, result_id))
        return result_id

    def require_passed(self, check: str) -> None:
        """See that a check has proven its evidence.

        A blocked check hands on the name of what blocked it, so that the report points at the
        cause.

        Raises:
            Blocked: it did not pass, or did not run.
            DoesNotApply: it does not apply, so nothing that stands on it does.
        """
        if check in self.not_applicable:
            raise DoesNotApply(self.not_applicable[check])
        result = self.by_id.get(check)
        if result is None:
            raise Blocked(check)
        if result.status != "passed":
            raise Blocked(result.blocked_by or check)
