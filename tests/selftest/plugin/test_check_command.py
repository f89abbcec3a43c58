"""`shadowgate check`: a migration without a plan, from the command line to the exit status."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shadowgate.command import main
from shadowgate.errors import ShadowgateError, UsageError
from shadowgate.options import OPTIONS, resolve
from shadowgate.phases.environment.preflight import preflight
from shadowgate.phases.items import workload_of
from shadowgate.progress import silent
from shadowgate.server import Server
from tests.selftest.backup.dumps import dump
from tests.selftest.plain_database import plain_database
from tests.selftest.shadow_runs import ROOT, ShadowRun, run_elsewhere, shadow_run

ORDERS = ROOT / "examples" / "orders"
KEEPS = ORDERS / "migrations" / "20260301_order_note.sql"
LOSES = ORDERS / "migrations" / "20260308_drop_open_orders.sql"
INDEXES = """
SET lock_timeout = '2s';
DROP INDEX CONCURRENTLY IF EXISTS public.orders_day;
CREATE INDEX CONCURRENTLY orders_day ON public.orders (placed_on);
"""


@pytest.fixture(scope="module")
def production(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What production looks like."""
    path = tmp_path_factory.mktemp("orders") / "production.dump"
    with plain_database(server) as base:
        with base.connect() as connection:
            connection.execute((ORDERS / "base.sql").read_bytes())
        return dump(server, base, path, "--format=custom")


def check(folder: Path, *arguments: str, **environment: str) -> ShadowRun:
    """Ask for a check in a folder of its own."""
    asked = ("shadowgate", "check", *arguments, "--server=local")
    return run_elsewhere(folder, *asked, env=environment)


@pytest.fixture(scope="module")
def runs(production: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ShadowRun]:
    """Three migrations, checked at once: most of a run is waiting."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("keeps", "loses", "indexes")}
    index = folders["indexes"] / "index.sql"
    index.write_text(INDEXES, encoding="utf-8")
    index.with_name("index.down.sql").write_text(
        "SET lock_timeout = '2s';\nDROP INDEX CONCURRENTLY IF EXISTS public.orders_day;\n",
        encoding="utf-8",
    )
    back = KEEPS.with_name(f"{KEEPS.stem}_down.sql")
    proofs = "server or database or backup or clean or fingerprint or applied or data or verdict"
    brief = ["-k", f"({proofs} or rows) and not performance and not hazards"]
    asked = {
        "keeps": [str(KEEPS)],
        "loses": [str(LOSES), f"--rollback={back}", *brief],
        "indexes": [str(index), *brief],
    }
    with ThreadPoolExecutor(len(asked)) as pool:
        futures = {
            name: pool.submit(check, folders[name], *arguments, f"--backup={production}")
            for name, arguments in asked.items()
        }
        return {name: future.result() for name, future in futures.items()}


def test_the_report_of_a_run_belongs_to_its_json_and_its_files(
    runs: dict[str, ShadowRun], production: Path
) -> None:
    page = runs["keeps"].reports / "shadow.html"
    files = [f"--files={KEEPS.parent}", f"--files={production}"]
    assert main(["report", "verify", str(page), *files]) == 0
    assert main(["report", "verify", str(page), files[0]]) == 1
    assert main(["report", "verify", str(page), files[0], f"--leave-out={production.name}"]) == 0


def test_the_verdict_follows_from_the_rows_that_are_lost(runs: dict[str, ShadowRun]) -> None:
    checks = {check["id"]: check for check in runs["loses"].document["checks"]}
    assert checks["rollback.rows_identical"]["follows"] is None
    assert checks["signoff.verdict"]["follows"] == "rollback.rows_identical"


def test_a_harmless_migration_may_go(runs: dict[str, ShadowRun]) -> None:
    run = runs["keeps"]
    assert run.document["verdict"] == "GO", run.output[-3000:]
    assert run.status == 0
    assert not run.failed()
    assert run.statuses["rollback.later_rows_kept"] == "passed"
    assert run.document["plan"]["title"] == "A note that customers leave with an order"
    assert run.document["plan"]["rollback"] == "20260301_order_note_down.sql"


def test_one_that_loses_rows_may_not_and_it_is_said_where(runs: dict[str, ShadowRun]) -> None:
    run = runs["loses"]
    assert run.document["verdict"] == "NO-GO"
    assert run.status == 1
    assert run.failed() == {"rollback.rows_identical", "signoff.verdict"}
    details = {each["id"]: each["detail"] for each in run.document["checks"]}
    assert "public.orders: 6,666 rows lost" in details["rollback.rows_identical"]
    assert "Traceback" not in run.output


def test_rows_are_written_though_the_migration_names_no_table(runs: dict[str, ShadowRun]) -> None:
    run = runs["indexes"]
    assert run.statuses["rollback.later_rows_kept"] == "passed", run.output[-3000:]
    assert run.failed() == {"signoff.verdict"}, "a part of the checks is no GO"


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


QUERY = "-- id: Q1\n-- title: One\n-- kind: read\nSELECT 1 WHERE :x = :y;\n"
BAD: dict[str, tuple[Callable[[Path], list[str]], str]] = {
    "no such migration": (lambda d: [f"{d}/none.sql"], "there is no migration"),
    "only comments": (lambda d: [str(_write(d, "m.sql", "-- later\n"))], "no statement"),
    "a variable of psql": (
        lambda d: [str(_write(d, "m.sql", "ALTER TABLE t ADD COLUMN n :type;\n"))],
        "line 1",
    ),
    "no folder of queries": (lambda d: [str(KEEPS), f"--queries={d}/none"], "no folder"),
    "no query": (lambda d: [str(KEEPS), f"--queries={d}"], "has no .sql file"),
    "no such rollback": (lambda d: [str(KEEPS), f"--rollback={d}/none.sql"], "none.sql"),
}


def _judged(arguments: list[str]) -> None:
    """What comes before the first check, without pytest around it."""
    script, *options = [*arguments, "--server=local"]
    given = dict(option.split("=", 1) for option in options) | {"--migration": script}
    request = resolve(given.get, lambda _key: "", ROOT, Path.cwd())
    workload_of(request.plan)
    preflight(request, silent)


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_with_the_request_is_said_before_anything_is_made(
    tmp_path: Path, production: Path, case: str
) -> None:
    arguments, words = BAD[case]
    with pytest.raises(ShadowgateError, match=words) as refused:
        _judged([*arguments(tmp_path), f"--backup={production}"])
    assert refused.value.exit_status == 4


def test_without_a_backup_there_is_nothing_to_check() -> None:
    with pytest.raises(UsageError, match="there is no backup to restore"):
        _judged([str(KEEPS)])


@pytest.mark.parametrize(
    ("query", "words"), [(QUERY, "has no value"), ("-- only this\n", "Q1.sql")]
)
def test_the_command_says_it_in_one_sentence_and_exits_with_4(
    tmp_path: Path, production: Path, query: str, words: str
) -> None:
    queries = _write(tmp_path, "q/Q1.sql", query).parent
    run = check(tmp_path, str(KEEPS), f"--queries={queries}", f"--backup={production}")
    assert run.status == 4, run.output[-2000:]
    assert run.output.count("ERROR: ") == 1
    assert words in run.output[run.output.index("ERROR: ") :]
    assert "Traceback" not in run.output


def test_a_plan_that_the_environment_names_is_not_asked(tmp_path: Path, production: Path) -> None:
    variables = {option.flag: option.variable for option in OPTIONS}
    environment = {variables["--plan"]: "other.toml", variables["--rows"]: "5000"}
    run = check(tmp_path, f"{tmp_path}/none.sql", f"--backup={production}", **environment)
    assert run.status == 4
    assert "there is no migration" in run.output


def test_a_plan_that_the_environment_names_is_not_taken_for_the_one_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in OPTIONS:
        if option.flag in ("--plan", "--rows", "--update-baseline"):
            monkeypatch.setenv(option.variable, "other")
    assert main(["plan", f"{tmp_path}/none.sql", f"--output={tmp_path}/plan.toml"]) == 4
    assert "there is no migration" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["check", "m.sql", "-n2"], ["changed", "-n", "2", "base"]])
def test_several_processes_are_refused_in_one_sentence(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 4
    assert "the phases run in order, in one process: leave out -n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-n2"], "the phases run in order, in one process"),
        (["-n", "2", "--plan=a.toml"], "name several plans with --plan"),
        (["-n0", "--plan=a.toml", "--plan=b.toml"], "-n 0 is no number of plans"),
    ],
)
def test_one_plan_is_not_spread_over_processes(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments]) == 4
    assert words in capsys.readouterr().err


def test_pytest_passes_over_no_plan(tmp_path: Path) -> None:
    run = shadow_run("--plan=a.toml", "--plan", "b.toml", reports=tmp_path / "reports")
    assert run.status == 4
    assert "use shadowgate run, which takes several --plan" in run.output
