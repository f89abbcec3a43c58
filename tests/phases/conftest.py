"""What the phases stand on: each stage runs once, when the first check asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest

from shadowgate.measure import load_workload
from shadowgate.options import Run
from shadowgate.plan import Plan
from shadowgate.plugin.session import FINDING, NO_ITEM, RUN, ShadowSession
from shadowgate.plugin.timing import BenchmarkRecorder
from shadowgate.progress import Progress
from shadowgate.recorder import Finding, Recorder

FIXTURES = ("shadow", "migration", "performance", "beside", "simulation", "rollback", "rollout")
"""Modules of ``tests/phases/fixtures``, each with the stages of some phases."""

ITEMS: Mapping[str, Callable[[Plan], Iterable[str]]] = {
    "query_id": lambda plan: load_workload(plan.workload.queries).by_id,
    "probe": lambda plan: [probe.name for probe in plan.probes],
    "target": lambda plan: plan.performance.targets,
    "later": lambda plan: [later.name for later in plan.simulation.later],
}
"""Parameter -> what of a plan it stands for."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the stages known; as plugins, since only the outermost conftest may list its own."""
    for name in FIXTURES:
        config.pluginmanager.import_plugin(f"tests.phases.fixtures.{name}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each query, target and later optimisation of the plan."""
    run = metafunc.config.stash.get(RUN, None)
    if run is None:
        return
    for name, items_of in ITEMS.items():
        if name in metafunc.fixturenames:
            no_item = pytest.mark.skip(reason=f"the plan names no {name.removesuffix('_id')}")
            none = pytest.param("", id=NO_ITEM, marks=no_item)
            metafunc.parametrize(name, list(items_of(run.plan)) or [none])


@pytest.fixture(scope="session")
def shadow_session(pytestconfig: pytest.Config) -> ShadowSession:
    """The plugin's view of this run."""
    session = pytestconfig.pluginmanager.getplugin("shadowgate-session")
    assert isinstance(session, ShadowSession)
    return session


@pytest.fixture(scope="session")
def run(shadow_session: ShadowSession) -> Run:
    """What was asked for."""
    return shadow_session.run


@pytest.fixture(scope="session")
def plan(run: Run) -> Plan:
    """The validation plan."""
    return run.plan


@pytest.fixture(scope="session")
def recorder(shadow_session: ShadowSession) -> Recorder:
    """Where results are kept."""
    return shadow_session.recorder


@pytest.fixture(scope="session")
def progress(shadow_session: ShadowSession) -> Progress:
    """Shows what is going on."""
    return shadow_session.progress


@pytest.fixture(scope="session")
def benchmarks(pytestconfig: pytest.Config) -> BenchmarkRecorder:
    """Hands rounds to pytest-benchmark."""
    return BenchmarkRecorder(pytestconfig)


@pytest.fixture
def finding(request: pytest.FixtureRequest) -> Finding:
    """What this check finds."""
    found: Finding = request.node.stash[FINDING]
    return found
