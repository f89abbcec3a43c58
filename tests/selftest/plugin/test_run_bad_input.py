"""Bad input ends in one clear message and exit status 4, with nothing left behind."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from shadowgate.errors import ShadowgateError
from shadowgate.options import resolve
from shadowgate.phases.environment.preflight import preflight
from shadowgate.progress import silent
from tests.selftest.shadow_runs import ROOT, run_elsewhere, shadow_run

PLAN = ROOT / "migrations" / "1770500100_auto_partition_creation_2029_plus.toml"

MISSPELT = "SELECT 1;\n\nCREATE TABEL t ();\n"
UNFINISHED = "DROP TABLE;\n"
WITHOUT_BASELINE = """
name = "OPT1"
title = "Partitions"
migration = "up.sql"
rollback = "down.sql"
workload.queries = "."
rollout.start = 2026-02-13
"""
TEXT_LIMIT = 'limit_percent = "5"'


def _write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _plan_with(folder: Path, old: str, new: str) -> Path:
    text = PLAN.read_text(encoding="utf-8").replace('"../', f'"{ROOT}/')
    assert old in text
    return _write(folder, "plan.toml", text.replace(old, new))


CASES: dict[str, tuple[Callable[[Path], list[str]], tuple[str, ...]]] = {
    "language unknown": (lambda _: ["--lang=fr"], ("--lang fr is not known", "en, pt-BR or auto")),
    "backup missing": (lambda d: [f"--backup={d}/none.dump"], ("does not exist", "--backup")),
    "backup empty": (lambda d: [f"--backup={_write(d, 'e.dump', '')}"], ("empty",)),
    "backup not a dump": (
        lambda d: [f"--backup={_write(d, 'x.sql', b'PNG nonsense')}"],
        ("not a PostgreSQL dump",),
    ),
    "backup truncated gzip": (
        lambda d: [f"--backup={_write(d, 'x.sql.gz', bytes.fromhex('1f8b0800') + b'x')}"],
        ("gzip",),
    ),
    "backup and rows": (
        lambda d: [f"--backup={_write(d, 'x.sql', 'SELECT 1;')}", "--rows=5000"],
        ("--rows", "--backup"),
    ),
    "migration missing": (lambda d: [f"--migration={d}/none.sql"], ("none.sql",)),
    "migration syntax error": (
        lambda d: [f"--migration={_write(d, 'm.sql', MISSPELT)}"],
        ("m.sql", "line 3", "CREATE TABEL"),
    ),
    "rollback missing": (lambda d: [f"--rollback={d}/none.sql"], ("none.sql",)),
    "rollback syntax error": (
        lambda d: [f"--rollback={_write(d, 'r.sql', UNFINISHED)}"],
        ("r.sql", "line 1"),
    ),
    "plan missing": (lambda d: [f"--plan={d}/none.toml"], ("none.toml", "--plan")),
    "plan with an unknown key": (
        lambda d: [f"--plan={_plan_with(d, 'limit_percent', 'limit_procent')}"],
        ("plan.toml", "limit_procent", "limit_percent", "performance"),
    ),
    "plan with a wrong type": (
        lambda d: [f"--plan={_plan_with(d, 'limit_percent = 5.0', TEXT_LIMIT)}"],
        ("plan.toml", "limit_percent", "float"),
    ),
    "rows not a number": (lambda _: ["--rows=many"], ("--rows", "whole number")),
    "margin that eats a limit": (lambda _: ["--margin=5"], ("--margin 5", "below 5")),
    "margin below nothing": (lambda _: ["--margin=-1"], ("--margin -1",)),
    "margin not a number": (lambda _: ["--margin=nan"], ("--margin nan",)),
    "database with too long a name": (
        lambda _: [f"--database={'é' * 21}"],
        ("--database", "too long", "40 bytes"),
    ),
    "baseline of other rows": (
        lambda _: ["--update-baseline=true", "--rows=20000"],
        ("--update-baseline", "--rows", "251247"),
    ),
    "baseline that the plan does not name": (
        lambda d: [f"--plan={_write(d, 'plan.toml', WITHOUT_BASELINE)}", "--update-baseline=true"],
        ("plan.toml", "performance.baseline", "--update-baseline"),
    ),
    "switch that is neither on nor off": (
        lambda _: ["--cold=perhaps"],
        ("--cold", "perhaps", "true", "false"),
    ),
    "server of no kind": (lambda _: ["--server=cloud"], ("cloud", "container")),
    "server that cannot be reached": (
        lambda _: [f"--server=postgresql://nobody:hunter2@127.0.0.1:{_closed_port()}/postgres"],
        ("127.0.0.1",),
    ),
}


def _ini(key: str) -> str:
    return str(PLAN) if key == "shadowgate_plan" else ""


def _refusal(arguments: list[str]) -> ShadowgateError:
    """What the options and the preflight say, without pytest around them."""
    given = dict(argument.split("=", 1) for argument in arguments)
    with pytest.raises(ShadowgateError) as caught:
        preflight(resolve(given.get, _ini, ROOT, Path.cwd()), silent)
    return caught.value


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_before_anything_is_made(case: str, tmp_path: Path) -> None:
    arguments, words = CASES[case]
    error = _refusal(["--server=local", *arguments(tmp_path)])
    assert error.exit_status == 4
    assert "hunter2" not in str(error)
    for word in words:
        assert word in str(error)


@pytest.mark.parametrize("case", ["plan with a wrong type", "migration syntax error"])
def test_the_command_line_says_so_once_and_exits_with_4(case: str, tmp_path: Path) -> None:
    arguments, words = CASES[case]
    run = shadow_run("--server=local", *arguments(tmp_path), reports=tmp_path / "reports")
    assert run.status == 4, run.output[-2000:]
    assert run.output.count("ERROR: ") == 1
    assert "Traceback" not in run.output
    message = run.output[run.output.index("ERROR: ") :]
    for word in words:
        assert word in message


def test_a_value_with_a_space_that_leads_pytest_away_from_the_project_is_an_error(
    tmp_path: Path,
) -> None:
    backup = _write(tmp_path, "x.dump", "x")
    run = shadow_run("--backup", str(backup), reports=tmp_path)
    assert run.status == 4
    assert "--backup" in run.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "usage: shadowgate"),
        (["run"], "there is no plan"),
        (["run", "--plan=none.toml"], "none.toml does not exist"),
        (["run", "--plan"], "expected one argument"),
        (["judge"], "invalid choice"),
    ],
)
def test_the_command_says_what_is_wrong_and_exits_with_4(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    run = run_elsewhere(tmp_path, "shadowgate", *arguments)
    assert run.status == 4
    assert words in run.output
    assert "Traceback" not in run.output
    assert list(tmp_path.iterdir()) == []


def test_pytest_with_a_plan_and_no_phase_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("def test_it():\n    pass\n", encoding="utf-8")
    run = run_elsewhere(tmp_path, "pytest", "-p", "shadowgate.plugin", f"--plan={PLAN}")
    assert run.status == 4
    assert "no phase was collected" in run.output
