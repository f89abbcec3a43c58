"""What follows from a cause, and what was left out since nothing could change the verdict."""

from __future__ import annotations

from pathlib import Path

from shadowgate.evidence import CheckResult
from shadowgate.report import read_json, write_json
from shadowgate.report.causes import causes_of
from tests.selftest.report.samples import no_go_sample, with_check

WHY = "not run: the verdict is NO-GO already, by rollback.clean"


def test_what_could_change_nothing_is_told_apart_also_from_the_file(tmp_path: Path) -> None:
    found = with_check(no_go_sample(), "rollback.in_time", needless=True, detail=WHY)
    write_json(found, tmp_path / "shadow.json")
    (cause,) = (
        each for each in causes_of(read_json(tmp_path / "shadow.json").checks) if each.blocked
    )
    assert cause.check.id == "rollback.clean"
    assert cause.needless == [(f"{WHY}:", ("rollback.in_time",))]
    assert ("rollback.in_time",) not in [ids for _, ids in cause.not_run[:-1]]
    assert "rollback.reapplies" in cause.not_run[0][1]


def test_what_says_of_itself_why_it_was_blocked_is_not_for_that_needless() -> None:
    cause = CheckResult("a.a", 1, "failed", "c")
    blocked = CheckResult("a.b", 1, "blocked", "c", follows="a.a", detail="it stands on a.a")
    assert causes_of([cause, blocked])[0].needless == []
