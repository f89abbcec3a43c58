"""What a plan states of its backup is held against the backup: a flipped letter is found."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.errors import BackupError, UsageError
from shadowgate.evidence import CheckResult
from shadowgate.phases.environment.preflight import preflight
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run
from shadowgate.plan import RunnerSection
from shadowgate.progress import silent
from shadowgate.server import Server
from tests.selftest.backup.dumps import dump
from tests.selftest.phases.test_runner_session import run_of
from tests.selftest.plain_database import plain_database
from tests.selftest.trials import results_of

WORD = "a letter from home"


@pytest.fixture(scope="module")
def dumps(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One database in two formats, and once more with a letter flipped."""
    folder = tmp_path_factory.mktemp("letters")
    with plain_database(server) as base:
        with base.connect() as connection:
            connection.execute("CREATE TABLE letters (id integer, words text)")
            connection.execute("INSERT INTO letters VALUES (1, %s)", [WORD])
        plain = dump(server, base, folder / "letters.sql")
        custom = dump(server, base, folder / "letters.dump", "--format=custom")
    flipped = folder / "flipped.sql"
    flipped.write_text(plain.read_text().replace(WORD, "a better from home"))
    return {"plain": plain, "custom": custom, "flipped": flipped}


def stating(server: Server, backup: Path, folder: Path, **stated: str) -> Run:
    """A run of a plan that states something of its backup."""
    run = run_of(server, backup, folder, "CREATE TABLE t ();", "DROP TABLE t;", RunnerSection())
    plan = run.request.plan
    section = replace(plan.backup, **stated)  # type: ignore[arg-type]
    run.request = replace(run.request, plan=replace(plan, backup=section))
    return run


def fingerprint_check(run: Run) -> CheckResult:
    """Restore and judge the fingerprint."""
    with closing(preflight(run.request, silent)) as run.opened:
        chosen = [check for check in CHECKS if check.id == "restore.fingerprint"]
        (result,) = results_of(chosen, run)
    return result


def test_a_stated_fingerprint_holds_in_every_format_and_finds_a_flipped_letter(
    server: Server, dumps: dict[str, Path], tmp_path: Path
) -> None:
    found = fingerprint_check(stating(server, dumps["plain"], tmp_path))
    assert found.status == "passed"
    digest = found.detail.rpartition(" ")[2]
    outcomes = {
        name: fingerprint_check(stating(server, path, tmp_path, content=digest))
        for name, path in dumps.items()
    }
    assert {name: each.status for name, each in outcomes.items()} == {
        "plain": "passed",
        "custom": "passed",
        "flipped": "failed",
    }
    assert "the content is not the stated one" in outcomes["flipped"].detail


def test_a_stated_checksum_is_held_against_the_file(
    server: Server, dumps: dict[str, Path], tmp_path: Path
) -> None:
    with closing(preflight(stating(server, dumps["plain"], tmp_path).request, silent)) as opened:
        assert opened.backup is not None
        sha256 = opened.backup.sha256
    stated = stating(server, dumps["plain"], tmp_path, sha256=sha256.upper())
    preflight(stated.request, silent).close()
    other = stating(server, dumps["flipped"], tmp_path, sha256=sha256)
    with pytest.raises(BackupError, match="not the expected one"):
        preflight(other.request, silent)


def test_a_checksum_of_what_is_generated_is_refused(
    server: Server, dumps: dict[str, Path], tmp_path: Path
) -> None:
    run = stating(server, dumps["plain"], tmp_path, sha256="0" * 64)
    section = replace(run.request.plan.backup, path=None)
    request = replace(run.request, plan=replace(run.request.plan, backup=section))
    with pytest.raises(UsageError, match="the backup is generated"):
        preflight(request, silent)
