"""The evidence of a run: gathered once, typed, and blocked until a check has proven it sound."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shadowgate.errors import MigrationError, RestoreError, ShadowgateError, SpaceError
from shadowgate.evidence import CheckResult
from shadowgate.options import Request
from shadowgate.phases.check import Check, check
from shadowgate.phases.execution import carry_out
from shadowgate.phases.finding import Finding
from shadowgate.phases.items import PROBES
from shadowgate.phases.piece import Piece
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run
from shadowgate.plan import Plan, WaiverSection, read_plan
from shadowgate.turn import Turn

ROOT = Path(__file__).parents[3]
PLAN = read_plan(ROOT / "migrations" / "1770500100_auto_partition_creation_2029_plus.toml")


@pytest.fixture
def run() -> Run:
    return Run(Request(PLAN, "local", None, Path(), None))


@check("restore.clean", remedy="Do it.")
def proves(restored: object, finding: Finding) -> None:
    """It is restored.

    All else stands on it.
    """
    finding.require(restored == "sound", "it is not sound")


@check("restore.rows", remedy="Count again.")
def stands_on_it(restored: object, finding: Finding) -> None:
    """There are rows.

    No rows, no sense.
    """
    finding.note(restored)


def status(run: Run, which: Check[Any], item: str = "") -> str:
    return carry_out(which, item, run).result.status


def test_evidence_is_gathered_once_and_its_error_is_kept(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def gather(_run: Run) -> str:
        asked.append(1)
        raise RestoreError("it does not restore")

    monkeypatch.setattr(Run.restored, "gather", gather)
    for _ in range(2):
        with pytest.raises(RestoreError):
            _ = run.restored
    assert len(asked) == 1


def test_what_is_not_proven_sound_blocks_whoever_stands_on_it(run: Run) -> None:
    run.gathered.put("restored", "broken")
    assert status(run, proves) == "failed"
    outcome = carry_out(stands_on_it, "", run)
    assert outcome.result.status == "blocked"
    assert outcome.result.blocked_by == "restore.clean"


def test_what_is_proven_sound_blocks_nobody(run: Run) -> None:
    run.gathered.put("restored", "sound")
    assert status(run, stands_on_it) == "blocked"  # nobody has proven it yet
    assert status(run, proves) == "passed"
    assert status(run, stands_on_it) == "passed"


def test_what_stands_on_a_check_that_does_not_apply_does_not_apply(run: Run) -> None:
    run.gathered.put("restored", "sound")
    run.results.not_applicable["restore.clean"] = "there is no backup"
    assert status(run, stands_on_it) == "skipped"
    assert run.results.not_applicable["restore.rows"] == "there is no backup"


def test_a_block_hands_on_the_cause(run: Run) -> None:
    run.gathered.put("restored", "sound")
    blocked = CheckResult("restore.clean", 2, "blocked", "it", blocked_by="environment.server")
    run.results.by_id["restore.clean"] = blocked
    assert carry_out(stands_on_it, "", run).result.blocked_by == "environment.server"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MigrationError("the statement is wrong"), "failed"),
        (MigrationError("the server shut down", decided=False), "inconclusive"),
        (SpaceError("the disk is full"), "inconclusive"),
    ],
)
def test_a_server_or_disk_that_gives_out_is_no_failure_of_what_is_judged(
    run: Run, error: ShadowgateError, status: str
) -> None:
    @check("migration.applied", remedy="Try again.")
    def judges(finding: Finding) -> None:
        """It works.

        It must.
        """
        finding.note(1)
        raise error

    outcome = carry_out(judges, "", run)
    assert (outcome.result.status, outcome.error) == (status, None)


@pytest.mark.parametrize("error", [psycopg.OperationalError("gone"), ValueError("a defect")])
def test_a_check_that_cannot_be_carried_out_is_inconclusive(run: Run, error: Exception) -> None:
    @check("restore.rows", remedy="Try again.")
    def breaks(finding: Finding) -> None:
        """It works.

        It must.
        """
        finding.note(1)
        raise error

    outcome = carry_out(breaks, "", run)
    assert outcome.result.status == "inconclusive"
    assert str(error) in outcome.result.detail
    assert "Try again." in outcome.result.detail
    assert (outcome.error is not None) == isinstance(error, ValueError)


def test_a_plan_without_an_item_has_the_check_left_out_with_its_reason(run: Run) -> None:
    @check("migration.behaviour", remedy="See.", items=PROBES)
    def probed(probe: str, finding: Finding) -> None:
        """It works.

        It must.
        """
        finding.note(probe)

    run.request = replace(run.request, plan=replace(PLAN, probes=()))
    outcome = carry_out(probed, "", run)
    assert outcome.result.status == "skipped"
    assert run.results.not_applicable == {"migration.behaviour": "there is no probe"}


def pieces() -> dict[str, Piece[Any]]:
    return {name: each for name, each in vars(Run).items() if isinstance(each, Piece)}


def test_what_checks_prove_is_proven_by_checks_that_there_are() -> None:
    ids = {each.id for each in CHECKS}
    for name, piece in pieces().items():
        assert not piece.proven_by or piece.proven_by in ids, name


@pytest.mark.parametrize("which", CHECKS, ids=lambda which: which.id)
def test_a_check_takes_evidence_that_there_is_of_the_type_that_it_is(which: Check[Any]) -> None:
    """Parameters are matched by name, so this is what the type checker cannot see."""
    hints = typing.get_type_hints(which.judge, localns={"Run": Run})
    given: dict[str, Any] = {"finding": Finding, "run": Run, "plan": Plan, "request": Request}
    if which.items:
        given[which.items.name] = str
    for name in which.takes:
        if name in given:
            assert hints[name] is given[name]
        elif name != "rounds":
            returned = inspect.signature(pieces()[name].gather).return_annotation
            hint = inspect.signature(which.judge).parameters[name].annotation
            assert str(hint).split("[")[0] in str(returned), f"{which.id} takes {name}"


@check("simulation.writers", remedy="Wait.", required=False, takes_times=True)
def only_measures(finding: Finding) -> None:
    """It is fast.

    Nobody waits.
    """
    finding.note(1)


def failed(id_: str, *, required: bool = True) -> CheckResult:
    return CheckResult(id_, 5, "failed", "it", "it is not so", required=required)


def test_what_only_measures_is_left_out_once_the_verdict_is_no_go(run: Run) -> None:
    assert status(run, only_measures) == "passed"
    run.results.by_id["migration.hazards"] = failed("migration.hazards")
    left_out = carry_out(only_measures, "", run).result
    assert (left_out.status, left_out.blocked_by) == ("blocked", "migration.hazards")
    assert left_out.needless
    assert left_out.detail.startswith("not run: the verdict is NO-GO already, by migration.hazards")
    assert status(run, stands_on_it) != "passed"
    run.request = replace(run.request, all_checks=True)
    assert status(run, only_measures) == "passed"


def test_a_failure_that_is_waived_or_optional_leaves_out_nothing(run: Run) -> None:
    plan = replace(PLAN, waivers=(WaiverSection("migration.hazards", "It is meant so."),))
    run.request = replace(run.request, plan=plan)
    run.results.by_id["migration.hazards"] = failed("migration.hazards")
    run.results.by_id["migration.open_sessions"] = failed("migration.open_sessions", required=False)
    assert status(run, only_measures) == "passed"


def test_a_query_that_got_slower_stops_the_measuring_unless_that_is_waived(run: Run) -> None:
    run.gathered.put("quick", "")
    assert run.stopped_by() == ""
    assert run.stopped_by(["Q2", "Q5"]) == "performance.not_slower.Q2"
    assert run.stopped_by(["Q2"], ["Q9"]) == "performance.same_results.Q9"
    waived = WaiverSection("performance.not_slower.Q2", "It is meant so.")
    run.request = replace(run.request, plan=replace(PLAN, waivers=(waived,)))
    assert run.stopped_by(["Q2", "Q5"]) == "performance.not_slower.Q5"
    assert run.stopped_by(["Q2"]) == ""
    run.gathered.put("quick", "too few rows to judge it")
    assert run.stopped_by(["Q5"]) == ""


class NotedTurn(Turn):
    """Notes who measures alone."""

    def __init__(self) -> None:
        self.times = 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Count it."""
        self.times += 1
        yield


@pytest.mark.parametrize(
    ("quick", "alone"),
    [("3,000 rows are too few", {"applied"}), ("", {"applied", "comparison"})],
)
def test_what_is_judged_by_its_duration_is_gathered_alone(
    run: Run, quick: str, alone: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run.gathered.put("quick", quick)
    for name in ("restored", "applied", "comparison"):
        run.turn = turn = NotedTurn()
        piece = vars(Run)[name]
        monkeypatch.setattr(piece, "gather", lambda _run: "found")
        monkeypatch.setattr(piece, "proven_by", "")
        assert [getattr(run, name) for _ in range(2)] == ["found"] * 2
        assert turn.times == (name in alone)


def test_timings_may_be_judged_while_the_rows_are_not_known(run: Run) -> None:
    assert run.is_judged(Run.baseline.durations)
