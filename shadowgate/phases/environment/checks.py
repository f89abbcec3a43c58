"""Checks of phase 1: the server can host the shadow, and the shadow is this run's own."""

from __future__ import annotations

import psycopg

from shadowgate.language import joined, sentence
from shadowgate.phases.check import check
from shadowgate.phases.environment.preflight import Preflight
from shadowgate.phases.environment.versions import unsure_by_versions
from shadowgate.phases.finding import Finding
from shadowgate.server import OLDEST_MAJOR, Database, Server, ServerFacts

_NEEDED_SETTINGS = ("shared_buffers", "work_mem", "jit", "max_parallel_workers_per_gather")


@check(
    "environment.server",
    remedy="Start Docker, or install PostgreSQL 14 or newer, with PostGIS if it is needed.",
)
def server_fits(server: Server, opened: Preflight, finding: Finding) -> None:
    """A PostgreSQL server is up, of a version that the suite knows, with PostGIS if it is needed.

    A copy on another major version, or without an extension that production has, proves little
    about production.
    """
    facts = server.facts
    finding.note(
        joined(", ", (sentence("PostgreSQL {version}", version=facts.version), _postgis(facts))),
        f">= {OLDEST_MAJOR}",
    )
    finding.say(facts.where, _needed(opened))
    backup = opened.backup
    finding.say(
        *unsure_by_versions(
            facts.version_num // 10_000,
            facts.tools_version // 10_000,
            backup.server_major if backup is not None else None,
        )
    )
    finding.require(
        facts.version_num >= OLDEST_MAJOR * 10_000,
        sentence("the server is PostgreSQL {version}", version=facts.version),
    )
    finding.require(
        bool(facts.postgis) or not opened.postgis,
        sentence("the server has no PostGIS, which is needed: {why}", why=str(opened.postgis)),
    )


def _needed(opened: Preflight) -> str:
    if not opened.postgis:
        return ""
    return sentence("PostGIS is needed: {why}", why=str(opened.postgis))


def _postgis(facts: ServerFacts) -> str:
    return f"PostGIS {facts.postgis}" if facts.postgis else sentence("no PostGIS")


@check(
    "environment.client_tools",
    remedy="Install client tools of the server's major version or newer.",
)
def client_tools_fit(server: Server, finding: Finding) -> None:
    """The client tools are not older than the server.

    pg_dump and pg_restore refuse a server newer than themselves.
    """
    tools, version = server.tools.version, server.facts.version_num
    finding.note(f"{tools // 10_000}.{tools % 10_000}", f">= {version // 10_000}")
    finding.require(
        tools // 10_000 >= version // 10_000,
        sentence(
            "the client tools are of version {tools}, the server of {server}",
            tools=tools // 10_000,
            server=version // 10_000,
        ),
    )


@check("environment.disk_space", remedy="Free disk space, or point TMPDIR at a larger disk.")
def disk_has_room(server: Server, opened: Preflight, finding: Finding) -> None:
    """The disk has room for the copies that the phases keep side by side.

    The phases keep several copies of the database at the same time.
    """
    free, needed = server.free_bytes(), opened.needed_bytes
    if free is None:
        try:
            opened.prove_room()
        except psycopg.errors.DiskFull as error:
            finding.require(
                False,
                sentence(
                    "{gigabytes:.1f} GB could not be written: {error}",
                    gigabytes=needed / 1e9,
                    error=str(error),
                ),
            )
        finding.note(
            sentence("{gigabytes:.1f} GB written and dropped again", gigabytes=needed / 1e9),
            _at_least(needed),
        )
        return
    finding.note(sentence("{gigabytes:.1f} GB", gigabytes=free / 1e9), _at_least(needed))
    finding.require(
        free >= needed,
        sentence(
            "{free:.1f} GB free, {needed:.1f} GB needed", free=free / 1e9, needed=needed / 1e9
        ),
    )


def _at_least(size: int) -> str:
    return sentence(">= {gigabytes:.1f} GB", gigabytes=size / 1e9)


@check("environment.database", remedy="See that the role may create databases and extensions.")
def shadow_is_ours(server: Server, shadow: Database, finding: Finding) -> None:
    """The shadow database is there, made by this run, with its extensions.

    The shadow must be a database of its own that this run made.
    """
    with shadow.connect() as connection:
        row = connection.execute(
            "SELECT current_database(), pg_encoding_to_char(encoding)"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    finding.note([*(row or ()), _postgis(server.facts)])
    finding.require(row is not None and row[0] == shadow.name, "the shadow database is not there")


@check("environment.recorded", remedy="Give the role the right to read pg_settings.")
def settings_are_recorded(server: Server, finding: Finding) -> None:
    """The server's versions and settings stand in the report.

    A measurement without its versions and settings cannot be repeated.
    """
    settings = server.facts.settings
    finding.note(dict(settings))
    missing = [name for name in _NEEDED_SETTINGS if not settings.get(name)]
    finding.require(not missing, sentence("not recorded: {settings}", settings=", ".join(missing)))
