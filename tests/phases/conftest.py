"""What the phases stand on: each stage runs once, when the first check asks for it."""

from __future__ import annotations

from collections.abc import Mapping

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


def pytest_configure(config: pytest.Config) -> None:
    """Make the stages known; as plugins, since only the outermost conftest may list its own."""
    for name in FIXTURES:
        config.pluginmanager.import_plugin(f"tests.phases.fixtures.{name}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each query, target and later optimisation of the plan."""
    run = metafunc.config.stash.get(RUN, None)
    if run is None:
        return
    items: Mapping[str, list[str]] = {
        "query_id": list(load_workload(run.plan.workload.queries).by_id),
        "probe": [probe.name for probe in run.plan.probes],
        "target": list(run.plan.performance.targets),
        "later": [later.name for later in run.plan.simulation.later],
    }
    for name, values in items.items():
        if name in metafunc.fixturenames:
            no_item = pytest.mark.skip(reason=f"the plan names no {name.removesuffix('_id')}")
            none = pytest.param("", id=NO_ITEM, marks=no_item)
            metafunc.parametrize(name, values or [none])


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
