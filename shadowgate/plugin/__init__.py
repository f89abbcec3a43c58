"""pytest glue: options, preflight, the order of the phases, evidence and the report's hooks.

This package and the tests are the only places that know pytest; all work is done elsewhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from shadowgate.errors import ShadowgateError
from shadowgate.options import OPTIONS, resolve
from shadowgate.plugin.html import HtmlReport
from shadowgate.plugin.session import RUN, ShadowSession
from shadowgate.report import stylesheet


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the contract, each with its ini key."""
    group = parser.getgroup("shadowgate", "validation of a PostGIS migration in a shadow")
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


def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Refuse an option of ours whose value has led pytest away from the project.

    pytest looks for the project before it knows our options, and takes the value of one for a
    path to start from: ``--backup /srv/prod.dump`` would find no project beside that file.

    Raises:
        pytest.UsageError: says how to pass the value.
    """
    ours = [option.flag for option in OPTIONS if option.flag in args]
    if ours and early_config.inipath is None:
        flag = ours[0]
        raise pytest.UsageError(
            f"pytest looked for the project at {early_config.rootpath}, beside the value of "
            f"{flag}: write {flag}=VALUE with an equals sign, or use ./run shadow {flag} VALUE"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Resolve the request and point pytest-html and pytest-benchmark at the reports folder.

    Sessions that do not ask for the phases (the suite's own tests) are left alone.
    """
    if not _asks_for_phases(config):
        return
    if config.getoption("numprocesses", default=None):
        raise pytest.UsageError("the phases run in order, in one process: leave out -n")
    try:
        run = resolve(
            given=config.getoption,
            ini=lambda key: str(config.getini(key)),
            root=config.rootpath,
            here=config.invocation_params.dir,
        )
    except ShadowgateError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[RUN] = run
    option: Any = config.option
    option.htmlpath = str(run.reports / "shadow.html")
    option.self_contained_html = True
    option.css = [*option.css, str(stylesheet())]
    option.benchmark_json = option.benchmark_json or str(run.reports / "baseline.json")
    option.benchmark_storage = f"file://{run.reports / 'benchmarks'}"
    option.benchmark_autosave = option.benchmark_autosave or re.sub(r"[^\w.-]+", "_", run.plan.name)
    option.benchmark_save_data = True
    if config.option.collectonly:
        return
    session = ShadowSession(config, run)
    session.begin()
    config.pluginmanager.register(session, "shadowgate-session")
    config.pluginmanager.register(HtmlReport(session), "shadowgate-html")


def _asks_for_phases(config: pytest.Config) -> bool:
    """Whether the arguments cover the folder of the phases."""
    phases = config.rootpath / "tests" / "phases"
    if not phases.is_dir():
        return False
    asked = [Path(str(argument).split("::")[0]) for argument in config.args]
    full = [(config.invocation_params.dir / path).resolve() for path in asked]
    return any(phases == path or phases in path.parents or path in phases.parents for path in full)
