"""pytest glue: options, the collection of checks, and the hooks of the reports.

It reaches only a pytest that asks for it: ``-p shadowgate.plugin`` on the command line or in the
ini file's ``addopts``, or the command ``shadowgate``. This package is the only one that knows
pytest; all work is done elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from shadowgate.errors import ShadowgateError
from shadowgate.language import reading, told_error
from shadowgate.log_text import log_text
from shadowgate.options import OPTIONS, PLAN, resolve
from shadowgate.phases.run import Run
from shadowgate.plugin.benchmark import BenchmarkRecorder
from shadowgate.plugin.html import HtmlReport
from shadowgate.plugin.interruption import Interruption
from shadowgate.plugin.items import PHASES_KEY, RUN, Collection
from shadowgate.plugin.session import ShadowSession
from shadowgate.report import find_browser, stylesheet


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the contract, each with its ini key."""
    group = parser.getgroup("shadowgate", "validation of a migration in a shadow")
    for option in OPTIONS:
        taking: Any = {"action": "store_true"} if option.switch else {"metavar": option.metavar}
        group.addoption(
            option.flag,
            **taking,
            default=None,
            help=f"{option.help} (default: {option.default or 'as the plan says'}; "
            f"ini {option.ini}, environment {option.variable})",
        )
        parser.addini(option.ini, help=option.help, default="")
    parser.addini(
        PHASES_KEY,
        help="files and folders whose modules name the phases: to run them asks for a validation",
        type="paths",
        default=[],
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Resolve the request and point pytest-html and pytest-benchmark at the reports folder.

    A pytest that asks for no validation, such as for a project's other tests, is left alone.
    """
    if not _asks_for_validation(config):
        return
    if config.getoption("numprocesses", default=None):
        raise pytest.UsageError(
            "the phases run in order, in one process: leave out -n (shadowgate run -n N runs "
            "several plans at a time)"
        )
    _refuse_several_plans(config.invocation_params.args)
    here = config.invocation_params.dir
    try:
        request = resolve(
            given=config.getoption,
            ini=lambda key: str(config.getini(key)),
            root=config.rootpath,
            here=here,
        )
        if request.pdf:
            find_browser()
        run = Run(request)
        run.report()  # reads the workload: what is wrong with it is said now
    except ShadowgateError as error:
        raise pytest.UsageError(log_text(told_error(error))) from error
    config.stash[RUN] = run
    reader = ExitStack()
    reader.enter_context(reading(request.language))
    config.add_cleanup(reader.close)
    config.pluginmanager.register(
        Collection(run, config.getini(PHASES_KEY)), "shadowgate-collection"
    )
    if config.option.collectonly:
        return
    _place_reports(config, request.reports, request.plan.name)
    session = ShadowSession(config, run)
    run.progress = session.progress
    try:
        session.begin()
    except ShadowgateError as error:
        raise pytest.UsageError(told_error(error)) from error
    interruption = Interruption()
    interruption.listen(config)
    config.pluginmanager.register(interruption, "shadowgate-interruption")
    config.pluginmanager.register(session, "shadowgate-session")
    config.pluginmanager.register(HtmlReport(session), "shadowgate-html")


def _refuse_several_plans(arguments: Sequence[str]) -> None:
    """Of an option that is given twice pytest takes the last, and no plan may be passed over."""
    named = [each for each in arguments if each.partition("=")[0] == PLAN.flag]
    if len(named) > 1:
        raise pytest.UsageError(
            "a run of pytest judges one plan, and several are named: use shadowgate run, which "
            "takes several --plan"
        )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Hand the run a store for its rounds, once pytest-benchmark has made its own session."""
    run = session.config.stash.get(RUN, None)
    if run is not None:
        run.rounds = BenchmarkRecorder(session.config)


@pytest.fixture(scope="session")
def shadow_run(pytestconfig: pytest.Config) -> Run:
    """The run of this session, for tests of a project's own: typed evidence, gathered once."""
    run: Run | None = pytestconfig.stash.get(RUN, None)
    if run is None:
        pytest.skip("no validation was asked for: name a plan with --plan")
    return run


def _asks_for_validation(config: pytest.Config) -> bool:
    """Whether an option of ours or a plan is given, or the arguments cover a phase's module."""
    if any(config.getoption(option.flag) for option in OPTIONS) or os.environ.get(PLAN.variable):
        return True
    asked = [Path(str(argument).split("::")[0]) for argument in config.args]
    full = [(config.invocation_params.dir / path).resolve() for path in asked]
    return any(
        phase == path or phase in path.parents or path in phase.parents
        for phase in config.getini(PHASES_KEY)
        for path in full
    )


def _place_reports(config: pytest.Config, reports: Path, name: str) -> None:
    option: Any = config.option
    option.htmlpath = str(reports / "shadow.html")
    option.self_contained_html = True
    option.css = [*option.css, str(stylesheet())]
    option.benchmark_json = option.benchmark_json or str(reports / "baseline.json")
    option.benchmark_storage = f"file://{reports / 'benchmarks'}"
    option.benchmark_autosave = option.benchmark_autosave or re.sub(r"[^\w.-]+", "_", name)
    option.benchmark_save_data = True
