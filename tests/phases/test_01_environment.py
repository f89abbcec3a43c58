"""Phase 1: a PostGIS server that can host the shadow."""

from __future__ import annotations

import pytest

from shadowgate.preflight import MINIMUM_VERSION, Preflight
from shadowgate.recorder import Finding, Recorder


@pytest.mark.check("environment.server")
def test_server(opened: Preflight, recorder: Recorder, finding: Finding) -> None:
    """A PostgreSQL server with PostGIS is up, of a version that the suite knows."""
    facts = opened.server.facts
    recorder.server.update(opened.described())
    finding.note(f"PostgreSQL {facts.version}, PostGIS {facts.postgis}", f">= {MINIMUM_VERSION}")
    finding.say(facts.where)
    finding.require(
        facts.version_num >= MINIMUM_VERSION * 10_000,
        f"the server is PostgreSQL {facts.version}",
    )
    finding.require(bool(facts.postgis), "the server has no PostGIS")


@pytest.mark.check("environment.client_tools")
def test_client_tools(opened: Preflight, finding: Finding) -> None:
    """The client tools are not older than the server."""
    tools, server = opened.server.tools.version, opened.server.facts.version_num
    finding.note(f"{tools // 10_000}.{tools % 10_000}", f">= {server // 10_000}")
    finding.require(
        tools // 10_000 >= server // 10_000,
        f"the client tools are of version {tools // 10_000}, the server of {server // 10_000}",
    )


@pytest.mark.check("environment.disk_space")
def test_disk_space(opened: Preflight, finding: Finding) -> None:
    """The disk has room for the copies that the phases keep side by side."""
    free, needed = opened.free_bytes, opened.needed_bytes
    if free is None:
        opened.prove_room()
        finding.note(
            f"{needed / 1e9:.1f} GB written and dropped again", f">= {needed / 1e9:.1f} GB"
        )
        return
    finding.note(f"{free / 1e9:.1f} GB", f">= {needed / 1e9:.1f} GB")
    finding.require(free >= needed, f"{free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB needed")


@pytest.mark.check("environment.database")
def test_database(opened: Preflight, finding: Finding) -> None:
    """The shadow database is there, made by this run, with its extensions."""
    with opened.shadow.connect() as connection:
        row = connection.execute(
            "SELECT current_database(), postgis_lib_version(), pg_encoding_to_char(encoding)"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    finding.note(list(row or ()))
    finding.require(
        row is not None and row[0] == opened.shadow.name, "the shadow database is not there"
    )


@pytest.mark.check("environment.recorded")
def test_recorded(recorder: Recorder, finding: Finding) -> None:
    """The server's versions and settings stand in the report."""
    settings = recorder.server.get("settings", {})
    finding.note(settings)
    missing = [
        name
        for name in ("shared_buffers", "work_mem", "jit", "max_parallel_workers_per_gather")
        if not settings.get(name)
    ]
    finding.require(not missing, f"not recorded: {', '.join(missing)}")
