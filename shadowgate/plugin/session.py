"""pytest's session around one run of the phases: from the preflight to the exit status."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shadowgate.errors import PlanError, SetupError, ShadowgateError
from shadowgate.evidence import Evidence
from shadowgate.language import sentence, told_error
from shadowgate.log_text import log_text
from shadowgate.phases.environment.preflight import preflight
from shadowgate.phases.items import workload_of
from shadowgate.phases.run import Run
from shadowgate.plugin.items import CheckItem
from shadowgate.plugin.outcome import exit_status
from shadowgate.queries import Query
from shadowgate.report import (
    PastRun,
    add_run,
    after_file,
    past_run,
    print_pdf,
    runs_like,
    seal_page,
    verdict_lines,
    write_json,
    write_markdown,
    write_plans,
)

UNFINISHED = sentence("the run has not finished")

_PAGES = ("shadow.html", "shadow.pdf", "rollout_plan.md", "baseline.json")
"""Reports that stand only where a run has finished."""


class ShadowSession:
    """Answers pytest's hooks for a run."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run
        self._clock = time.monotonic()
        self._evidence: Evidence | None = None
        self._failed_checks = 0
        self.ended_early = ""
        """What ended the run before its time; empty while nothing has."""
        self.past: list[PastRun] = []
        """The last runs like this one, this one last; empty until it has ended."""

    def progress(self, message: str) -> None:
        """Show a sentence on the terminal, past pytest's capturing, with the time since start."""
        capture = self.config.pluginmanager.getplugin("capturemanager")
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is None or self.config.option.verbose < 0:
            return
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            said = log_text(f"  {time.monotonic() - self._clock:6.1f} s  {message}")
            reporter.write_line(said, cyan=True)

    def evidence(self) -> Evidence:
        """Everything found so far, with the verdict that it amounts to; at the end, the last."""
        return self._evidence or self.run.report()

    def begin(self) -> None:
        """Replace what an earlier run left by a NO-GO that stands until this one has finished.

        Raises:
            SetupError: the reports cannot be written.
        """
        reports = self.run.request.reports
        try:
            reports.mkdir(parents=True, exist_ok=True)
            for name in (*_PAGES, after_file.NAME):
                (reports / name).unlink(missing_ok=True)
            self._write(replace(self.run.report(), reasons=(UNFINISHED,)))
        except OSError as error:
            raise not_written(error, reports) from error

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember what ended the run before its time."""
        self.ended_early = _interrupted_by(excinfo.value)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Where the workload is derived from the restored backup, restore it first: a check each.

        What goes wrong with the restore is told by its check.
        """
        if self.run.plan.workload.queries is None:
            self._open()
            with suppress(ShadowgateError, psycopg.Error):
                self.run.ensure(self.run.workload)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Open the server before the first phase."""
        if not session.testsfailed:
            self._open()
            self._bind()
        return (yield)

    def _open(self) -> None:
        """Open the server and look at every input, once.

        Raises:
            pytest.UsageError: what is wrong with the request or the set-up; the run ends with
                exit status 4.
        """
        if self.run.known(Run.opened) is not None:
            return
        try:
            opened = preflight(self.run.request, self.run.progress)
        except ShadowgateError as error:
            raise pytest.UsageError(log_text(told_error(error))) from error
        except (OSError, psycopg.Error) as error:
            raise pytest.UsageError(log_text(told_error(_given_out(error)))) from error
        self.config.add_cleanup(opened.close)
        self.run.opened = opened

    def _bind(self) -> None:
        """Where values of queries are drawn from the restored backup, draw them first.

        What goes wrong with the restore is told by its check.

        Raises:
            pytest.UsageError: a parameter has no value, and none can be drawn.
        """
        named = workload_of(self.run.plan)
        if named is None or all(_has_values(query) for query in named.queries):
            return
        try:
            self.run.ensure(self.run.workload)
        except PlanError as error:
            raise pytest.UsageError(log_text(told_error(error))) from error
        except (ShadowgateError, psycopg.Error):
            return

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note which check a report is about."""
        report = yield
        if isinstance(item, CheckItem):
            self._failed_checks += report.failed
            report.user_properties.append(("check", item.check.result_id(item.item)))
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, object, None]:
        """Write the evidence, and let the exit status say what the verdict says.

        Around all others who write a report, so that none of them ends with a traceback.
        """
        found = self.run.report()
        opened = self.run.known(Run.opened)
        self.ended_early = self.ended_early or (opened.server.last_words() if opened else "")
        if self.ended_early:
            found = _stopped(found, self.ended_early)
        self._evidence = found
        session.exitstatus = exit_status(
            exitstatus,
            found.verdict,
            failures=session.testsfailed,
            failed_checks=self._failed_checks,
        )
        problem = self._write_all(found)
        try:
            yield
        except (OSError, KeyboardInterrupt) as error:
            problem = problem or error
        if isinstance(problem, OSError):
            session.exitstatus = SetupError.exit_status
            told = not_written(problem, self.run.request.reports)
            self._take_back(found, told.what, f"ERROR: {told_error(told)}")
        elif problem is not None:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            reason = _interrupted_by(problem)
            self._take_back(found, reason, reason)

    def _write_all(self, evidence: Evidence) -> BaseException | None:
        """Write what is ours; return what kept it from being written."""
        try:
            self._write(evidence)
            write_plans(evidence, self.run.request.reports)
            after = self.run.after()
            if after is not None:
                after_file.write_after(after, self.run.request.reports / after_file.NAME)
            self._keep()
        except (OSError, KeyboardInterrupt) as error:
            return error
        return None

    def _take_back(self, evidence: Evidence, reason: str, said: str) -> None:
        """Leave no half a report, and none that says GO, and say why."""
        reports = self.run.request.reports
        self._evidence = _stopped(evidence, reason)
        with suppress(OSError):
            for name in _PAGES:
                (reports / name).unlink(missing_ok=True)
            self._write(self._evidence)
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            for line in (*verdict_lines(self._evidence, reports), said):
                reporter.write_line(line)

    def _keep(self) -> None:
        """Add the run to those kept beside the report, once it has opened its server."""
        if self.run.known(Run.opened) is None:
            return
        kept = past_run(self.evidence(), self.run.known(Run.timing_key) or "")
        history = self.run.request.reports / "history.jsonl"
        self.past = runs_like(history, kept)
        add_run(history, kept)

    def _write(self, evidence: Evidence) -> None:
        reports = self.run.request.reports
        write_json(evidence, reports / "shadow.json")
        write_markdown(evidence, reports / "shadow.md")

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Seal the page, which is written by now, print it if asked, and say the verdict last."""
        page = self.run.request.reports / "shadow.html"
        if page.is_file():
            seal_page(page)
            if self.run.request.pdf:
                with _said_in(terminalreporter):
                    print_pdf(page, page.with_suffix(".pdf"))
        if self.ended_early:
            terminalreporter.write_line(self.ended_early)
        if self.run.known(Run.opened) is None:
            return
        evidence = self.evidence()
        terminalreporter.section(f"shadowgate: {evidence.verdict}", sep="=", bold=True)
        for line in verdict_lines(evidence, self.run.request.reports):
            terminalreporter.write_line(line)


def _stopped(evidence: Evidence, reason: str) -> Evidence:
    """The evidence of a run that did not come to its end: NO-GO, whatever it had found."""
    return replace(evidence, verdict="NO-GO", risk="HIGH", reasons=(reason, *evidence.reasons))


def _interrupted_by(signal: BaseException) -> str:
    """Why a run ended before its time; a signal without a name is that of the terminal."""
    return sentence("the run was interrupted by {signal}", signal=str(signal) or "SIGINT")


def not_written(error: OSError, reports: Path) -> SetupError:
    """What to tell of a report that cannot be written."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return SetupError(
        sentence("the reports cannot be written: {reason}", reason=reason),
        where=str(error.filename or reports),
        todo="name a folder with --reports that can be written and has room",
    )


def _given_out(error: OSError | psycopg.Error) -> SetupError:
    """What to tell of a machine or a server that gives out before the first phase."""
    if isinstance(error, psycopg.Error):
        said = " ".join(str(error).split())
        return SetupError(
            sentence("the server gave out before the first phase: {said}", said=said),
            todo="see its log, or use another server: --server",
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return SetupError(
        sentence("the run cannot begin: {reason}", reason=reason),
        where=str(error.filename or ""),
        todo="free some space, or point TMPDIR at a larger disk",
    )


@contextmanager
def _said_in(reporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say what goes wrong with what is no part of the verdict."""
    try:
        yield
    except ShadowgateError as error:
        reporter.write_line(told_error(error), yellow=True)


def _has_values(query: Query) -> bool:
    """Whether a file says the value of each of a query's parameters."""
    return {*query.parameters} <= {name for name, _ in query.values}


def check_of_report(report: Any) -> str:
    """Id of the result that a report of pytest's is about; empty for any other."""
    properties = dict(getattr(report, "user_properties", ()))  # a collection error has none
    return str(properties.get("check", ""))
