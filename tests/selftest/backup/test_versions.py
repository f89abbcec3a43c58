"""Advice about versions has that of production in mind, not that of the client tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowgate.backup import Backup, Format
from shadowgate.backup.versions import knows_restrict, version_advice


def backup_by(by: str | None, production: str | None, form: Format = "plain") -> Backup:
    return Backup(Path("dump"), form, (), "0" * 64, 1, by, production)


@pytest.mark.parametrize(
    ("by", "production", "says", "is_silent_on"),
    [
        ("18.1 (Debian)", "15.4", "dump again with pg_dump 15", "version 18"),
        ("18.1", "17.2", "use a server and client tools of version 17", "version 18"),
        ("18.1", None, "ask production for its version", "version 18"),
        ("15.20", "15.4", "dump again with pg_dump 15", "use a server"),
        (None, "14.1", "dump again with pg_dump 14", "use a server"),
        ("18beta1", "16.0", "use a server and client tools of version 16", "version 18"),
    ],
)
def test_the_server_to_use_is_production_s(
    by: str | None, production: str | None, says: str, is_silent_on: str
) -> None:
    advice = version_advice(backup_by(by, production), 15)
    assert says in advice
    assert is_silent_on not in advice


def test_a_pg_restore_newer_than_the_server_is_told_from_a_newer_dump() -> None:
    archive, text = backup_by("15.4", "15.4", "custom"), backup_by("15.4", "15.4")
    assert "client tools of version 15" in version_advice(archive, 15, 17)
    assert "pg_restore" not in version_advice(archive, 15, 15)
    assert "pg_restore" not in version_advice(text, 15, 17)


@pytest.mark.parametrize(
    ("version", "knows"),
    [
        (120022, False),
        (130021, False),
        (130022, True),
        (150013, False),
        (150020, True),
        (160009, False),
        (170006, True),
        (180000, True),
    ],
)
def test_versions_of_psql_that_know_restrict(version: int, *, knows: bool) -> None:
    assert knows_restrict(version) == knows
