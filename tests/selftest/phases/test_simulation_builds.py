"""The databases that phase 7 builds, several at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shadowgate.errors import MigrationError
from shadowgate.phases.runner import Runner
from shadowgate.phases.simulation.series import simulate
from shadowgate.plan import LaterSection, Plan, SimulationSection, read_plan
from shadowgate.progress import silent
from shadowgate.queries import Workload
from shadowgate.server import Database, Databases, Server
from tests.selftest.catalogue_clones import MIGRATIONS

NAME = "selftest_builds"
NOT_REACHED: Any = None
"""Stands for what is asked only after everything was built."""


def later(folder: Path, name: str, statement: str) -> LaterSection:
    """An optimisation of one statement, with a rollback that does nothing."""
    migration, rollback = folder / f"{name}.sql", folder / f"{name}_back.sql"
    migration.write_text(f"{statement};\n", encoding="utf-8")
    rollback.write_text("SELECT 1;\n", encoding="utf-8")
    return LaterSection(name, name, 1.0, migration=migration, rollback=rollback)


def plan_of(*laters: LaterSection) -> Plan:
    plan = read_plan(MIGRATIONS / "1770500100_auto_partition_creation_2029_plus.toml")
    return replace(plan, database=NAME, simulation=SimulationSection(later=laters))


def there(server: Server, migrated: Database) -> set[str]:
    """Databases of the run beside the migrated one."""
    with server.maintenance.connect() as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{NAME}%",)
        )
        return {name for (name,) in rows} - {migrated.name}


@pytest.mark.parametrize("failing", ["first", "second", "third"])
def test_one_that_fails_is_named_and_nothing_stays_of_those_beside_it(
    server: Server, databases: Databases, tmp_path: Path, failing: str
) -> None:
    migrated = databases.create(NAME)
    laters = [
        later(tmp_path, name, "SELECT 1 / 0" if name == failing else f"CREATE TABLE {name} ()")
        for name in ("first", "second")
    ]
    laters.append(
        replace(
            later(tmp_path, "third", "SELECT 1 / 0" if failing == "third" else "SELECT 1"),
            builds_on="first",
        )
    )
    with pytest.raises(MigrationError, match="division by zero") as caught:
        simulate(
            migrated,
            migrated,
            NOT_REACHED,
            Workload(()),
            plan_of(*laters),
            databases,
            NOT_REACHED,
            Runner(server.tools, silent),
        )
    assert f"{failing}.sql" in str(caught.value)
    assert there(server, migrated) == set()
