"""One run of the phases: from the preflight to the verdict."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Generator

import pytest

from shadowgate.checks import CATALOGUE, spec_of
from shadowgate.errors import ShadowgateError
from shadowgate.evidence import Evidence
from shadowgate.options import Run
from shadowgate.plugin.outcome import SECONDS, describe, exit_status, quieten, status_of
from shadowgate.preflight import Preflight, preflight
from shadowgate.recorder import Finding, Recorder
from shadowgate.report import verdict_lines, write_json
from shadowgate.signoff import judge

RUN = pytest.StashKey[Run]()
FINDING = pytest.StashKey[Finding]()
BLOCKED_BY = pytest.StashKey[str]()

NO_ITEM = "none"
"""Parameter of a check that is proven item by item, where the plan has no item."""

UNFINISHED = "the run has not finished"


class ShadowSession:
    """Holds what the run knows, and answers pytest's hooks with it."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run
        self.recorder = Recorder(plan=_plan_facts(run))
        self.started = dt.datetime.now(dt.UTC).astimezone()
        self._clock = time.monotonic()
        self._opened: Preflight | None = None
        self._evidence: Evidence | None = None
        self._failed_checks = 0

    # --- what others ask for ------------------------------------------------------------------

    @property
    def opened(self) -> Preflight:
        """The server and the inputs, once the preflight is through."""
        if self._opened is None:
            raise RuntimeError("the preflight has not run")
        return self._opened

    def progress(self, message: str) -> None:
        """Show a sentence on the terminal, past pytest's capturing, with the time since start."""
        capture = self.config.pluginmanager.getplugin("capturemanager")
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is None or self.config.option.verbose < 0:
            return
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(f"  {time.monotonic() - self._clock:6.1f} s  {message}", cyan=True)

    def evidence(self) -> Evidence:
        """Everything recorded so far, with the verdict that it amounts to."""
        return self._evidence or self._collect()

    # --- the run ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Replace what an earlier run left by a NO-GO that stands until this one has finished."""
        self.run.reports.mkdir(parents=True, exist_ok=True)
        for name in ("shadow.html", "rollout_plan.md", "baseline.json"):
            (self.run.reports / name).unlink(missing_ok=True)
        evidence = self._collect()
        write_json(
            Evidence(**{**vars(evidence), "reasons": (UNFINISHED,)}),
            self.run.reports / "shadow.json",
        )

    def _collect(self) -> Evidence:
        recorder = self.recorder
        judgement = judge(
            recorder.results,
            expected=recorder.expected,
            quick=recorder.quick,
            queries=recorder.queries,
            limit_percent=self.run.plan.performance.limit_percent,
            limits=self.run.plan.performance.limits_by_query,
        )
        return Evidence(
            plan=recorder.plan,
            inputs=recorder.inputs,
            server=recorder.server,
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._clock, 1),
            checks=judgement.checks,
            queries=recorder.queries,
            quick=bool(recorder.quick),
            verdict=judgement.verdict,
            risk=judgement.risk,
            reasons=judgement.reasons,
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note every check before any is deselected, and put the phases in order."""
        ids = [result_id for item in items if (result_id := check_id(item))]
        self.recorder.expected = set(ids)
        order = {spec.id: place for place, spec in enumerate(CATALOGUE)}
        items.sort(key=lambda item: order[spec_of(i).id] if (i := check_id(item)) else -1)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Open the server and look at every input before the first phase.

        What is wrong with the request or the set-up ends the run here, with exit status 4.
        """
        if session.testsfailed:
            return (yield)
        try:
            self._opened = preflight(self.run, self.progress)
        except ShadowgateError as error:
            raise pytest.UsageError(str(error)) from error
        self.config.add_cleanup(self._opened.close)
        self.recorder.inputs.update(self._opened.inputs)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Block a check that an earlier failure makes meaningless."""
        result_id = check_id(item)
        if result_id is None:
            return
        item.stash[FINDING] = Finding()
        spec = spec_of(result_id)
        if blocker := self.recorder.blocker(spec):
            item.stash[BLOCKED_BY] = blocker
            pytest.skip(f"blocked by {blocker}")
        if spec.judges_time and self.recorder.quick:
            pytest.skip(self.recorder.quick)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn pytest's outcome into the check's result."""
        report = yield
        result_id = check_id(item)
        if result_id is None:
            return report
        item.stash[SECONDS] = item.stash.get(SECONDS, 0.0) + call.duration
        self._failed_checks += report.failed
        status = status_of(report, call, blocked=BLOCKED_BY in item.stash)
        if status is not None:
            quieten(report, call)
            self.recorder.close(
                result_id,
                status,
                claim=claim_of(item),
                seconds=item.stash[SECONDS],
                finding=item.stash.get(FINDING, None),
                detail=describe(report, call),
                blocked_by=item.stash.get(BLOCKED_BY, None),
            )
        report.user_properties.append(("check", result_id))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the evidence, and let the exit status say what the verdict says."""
        self._evidence = self._collect()
        write_json(self._evidence, self.run.reports / "shadow.json")
        session.exitstatus = exit_status(
            exitstatus,
            self._evidence.verdict,
            failures=session.testsfailed,
            failed_checks=self._failed_checks,
        )

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the verdict last."""
        if self._opened is None:
            return
        evidence = self.evidence()
        terminalreporter.section(f"shadowgate: {evidence.verdict}", sep="=", bold=True)
        for line in verdict_lines(evidence, self.run.reports):
            terminalreporter.write_line(line)


def check_id(item: pytest.Item) -> str | None:
    """Id of the result that a test leaves: the check's, with the parameter for one of its items."""
    marker = item.get_closest_marker("check")
    if marker is None:
        return None
    name = str(marker.args[0])
    if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        if item.callspec.id == NO_ITEM:
            return name
        return f"{name}.{item.callspec.id}"
    return name


def claim_of(item: pytest.Item) -> str:
    """First sentence of the test's docstring: what the check proves."""
    text = (item.function.__doc__ or "") if isinstance(item, pytest.Function) else ""
    return " ".join(text.strip().split("\n\n")[0].split())


def _plan_facts(run: Run) -> dict[str, object]:
    plan = run.plan
    return {
        "name": plan.name,
        "title": plan.title,
        "file": plan.path.name,
        "migration": plan.migration.name,
        "rollback": plan.rollback.name,
        "database": plan.database,
        "generated_rows": run.generated_rows,
        "limit_percent": plan.performance.limit_percent,
        "limits": plan.performance.limits_by_query,
        "overall_percent": plan.performance.overall_percent,
        "targets": dict(plan.performance.targets),
    }
