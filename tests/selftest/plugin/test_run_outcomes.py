"""Whole runs on a small backup: what they say, how they exit, and what they leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import psutil
import pytest

from shadowgate.measure import read_metrics, read_runs
from shadowgate.phases.registry import CHECKS
from shadowgate.report import json_schema
from shadowgate.server import Server
from tests.selftest.shadow_runs import ROOT, ROWS, ShadowRun, command, shadow_run

OPT1 = ROOT / "migrations" / "1770500100_auto_partition_creation_2029_plus.toml"


@pytest.fixture(scope="module")
def clean(server: Server, tmp_path_factory: pytest.TempPathFactory) -> ShadowRun:
    """OPT1 as it is, on an external server."""
    reports = tmp_path_factory.mktemp("clean")
    before = _databases(server)
    run = shadow_run(
        _external(server),
        f"--rows={ROWS}",
        reports=reports,
        env={"PGPASSWORD": server.endpoint.password or ""},
    )
    assert _databases(server) == before
    return run


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> ShadowRun:
    """OPT1 with a plan of few rows, its baseline written, measured cold and to the end; local."""
    reports = tmp_path_factory.mktemp("written")
    text = OPT1.read_text(encoding="utf-8")
    for old, new in (
        ('"../fixtures/baselines/', f'"{reports}/baseline/'),
        ('"../', f'"{ROOT}/'),
        ('migration = "', f'migration = "{OPT1.parent}/'),
        ('rollback = "', f'rollback = "{OPT1.parent}/'),
        ("rows = 251247", f"rows = {ROWS}"),
    ):
        assert old in text
        text = text.replace(old, new)
    plan = reports / "plan.toml"
    plan.write_text(text, encoding="utf-8")
    return shadow_run(
        "--server=local",
        f"--plan={plan}",
        "--update-baseline",
        "--all",
        reports=reports,
        env={"SHADOWGATE_COLD": "true", "SHADOWGATE_LANG": "pt-BR"},
    )


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> ShadowRun:
    """A migration whose second statement fails."""
    folder = tmp_path_factory.mktemp("broken")
    script = folder / "broken.sql"
    script.write_text("SELECT 1;\n\nDROP TABLE no_such_table;\n", encoding="utf-8")
    return shadow_run(
        "--server=local",
        f"--rows={ROWS}",
        f"--migration={script}",
        f"--junitxml={folder}/junit.xml",
        reports=folder,
    )


def test_a_harmless_migration_is_go_without_judging_performance(clean: ShadowRun) -> None:
    assert clean.status == 0, clean.output[-3000:]
    document = clean.document
    assert document["verdict"] == "GO"
    assert document["quick"] is True
    assert document["risk"] == "MEDIUM"
    assert "GO (quick: performance not judged)" in clean.output


def test_every_check_of_the_catalogue_is_in_the_document(clean: ShadowRun) -> None:
    jsonschema.validate(clean.document, json_schema())
    ids = clean.statuses
    for check in CHECKS:
        found = [i for i in ids if i == check.id or i.startswith(f"{check.id}.")]
        assert found, f"{check.id} is missing"
        if check.judges_time:
            assert {ids[i] for i in found} == {"skipped"}
        elif check.required:
            assert {ids[i] for i in found} <= {"passed", "skipped" if check.applies else "passed"}


def test_what_interruptions_leave_is_as_before_or_completed_by_running_again(
    clean: ShadowRun,
) -> None:
    (check,) = (c for c in clean.document["checks"] if c["id"] == "migration.interruptible")
    (table,) = check["tables"]
    outcomes = {outcome for _, outcome, _ in table["rows"]}
    assert {"as before", "completed by running it again"} <= outcomes
    assert "broken" not in outcomes


def test_timings_of_a_small_copy_are_shown_though_not_judged(clean: ShadowRun) -> None:
    queries = clean.document["queries"]
    assert set(queries) >= {f"Q{n}" for n in range(1, 11)}
    assert all(query["before"]["rounds"] > 0 for query in queries.values())


def test_the_report_shows_the_verdict_and_every_check(clean: ShadowRun) -> None:
    page = (clean.reports / "shadow.html").read_text(encoding="utf-8")
    assert page.index("GO") < page.index("Environment")
    assert "http://" not in page.replace("http://www.w3.org", "")
    for name in clean.statuses:
        assert name in page


def test_the_plans_that_changed_lie_beside_the_report_as_viewers_read_them(
    clean: ShadowRun,
) -> None:
    page = (clean.reports / "shadow.html").read_text("utf-8")
    files = sorted((clean.reports / "plans").iterdir())
    assert files
    for file in files:
        (document,) = json.loads(file.read_text("utf-8"))
        assert document["Plan"]["Node Type"]
        assert document["Execution Time"] > 0
        assert f'href="plans/{file.name}"' in page
    assert '"Plan"' not in (clean.reports / "shadow.json").read_text("utf-8")


def test_the_geometries_are_on_a_map(clean: ShadowRun) -> None:
    page = (clean.reports / "shadow.html").read_text("utf-8")
    assert "a sample of 3,000 rows, coloured by the partition that they lie in; framed:" in page


def test_the_rounds_are_stored_as_pytest_benchmark_stores_them(clean: ShadowRun) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", clean.reports / "baseline.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Q5[before]" in done.stdout
    assert "Q5[after]" in done.stdout


def test_the_run_is_stored_for_later_ones_to_be_compared_with(clean: ShadowRun) -> None:
    (stored,) = (clean.reports / "benchmarks").rglob("*.json")
    keys = {
        entry["extra_info"].get("fingerprint")
        for entry in json.loads(stored.read_text(encoding="utf-8"))["benchmarks"]
    }
    (key,) = keys - {None}
    (run,) = read_runs(clean.reports / "benchmarks", key)
    assert {"Q1", "Q10", "W1"} <= set(run.pairs)
    drawn = clean.reports / "drawn"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest_benchmark"),
            f"--storage=file://{clean.reports / 'benchmarks'}",
            *("compare", "--group-by=group", f"--histogram={drawn / 'h'}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Q5[after]" in done.stdout
    assert (drawn / "h-Q5.svg").stat().st_size > 0


def test_the_baseline_is_written_on_request_and_the_run_does_not_vouch_for_it(
    written: ShadowRun,
) -> None:
    assert written.status == 1, written.output[-3000:]
    undecided = {name for name, status in written.statuses.items() if status == "inconclusive"}
    assert undecided == {"performance.witnesses"}
    assert written.failed() == {"signoff.verdict"}
    kept = read_metrics(written.reports / "baseline" / "OPT1.json")
    assert kept is not None
    assert set(kept.queries) == set(written.document["queries"])
    assert "3,000 rows" in kept.data


def test_people_are_told_in_their_language_and_programs_in_english(written: ShadowRun) -> None:
    claims = {check["id"]: check["claim"] for check in written.document["checks"]}
    assert claims["migration.applied"] == "The script runs to its end without an error."
    assert "veredito  NO-GO   risco ALTO" in written.output
    for name, said in (
        ("shadow.html", "O que foi validado, e onde"),
        ("shadow.md", "Bloqueios, comando a comando"),
        ("rollout_plan.md", "## Semana 1: Validação em pré-produção (sex. 13/02/2026 a"),
    ):
        assert said in (written.reports / name).read_text("utf-8")
    assert "Week 1" not in (written.reports / "rollout_plan.md").read_text("utf-8")


def test_cold_figures_are_shown_on_request(written: ShadowRun) -> None:
    (check,) = (c for c in written.document["checks"] if c["id"] == "performance.cold")
    assert check["status"] == "passed"
    (table,) = check["tables"]
    assert {row[0] for row in table["rows"]} == {f"Q{n}" for n in range(1, 11)}
    assert all(int(row[3]) > 0 for row in table["rows"])


def test_the_rollout_plan_is_written(clean: ShadowRun) -> None:
    text = (clean.reports / "rollout_plan.md").read_text(encoding="utf-8")
    assert "2026-02-13" in text or "13 Feb" in text


def test_a_failing_migration_is_no_go_and_says_where(broken: ShadowRun) -> None:
    assert broken.status == 1
    document = broken.document
    assert (document["verdict"], document["risk"]) == ("NO-GO", "HIGH")
    detail = next(c["detail"] for c in document["checks"] if c["id"] == "migration.applied")
    assert "no_such_table" in detail
    assert "line 3" in detail
    assert "Traceback" not in broken.output


def test_programs_are_told_file_and_line_of_the_failed_statement(broken: ShadowRun) -> None:
    checks = {check["id"]: check for check in broken.document["checks"]}
    (place,) = checks["migration.applied"]["places"]
    assert (place["file"], place["line"]) == ("broken.sql", 3)
    assert "no_such_table" in place["message"]
    assert checks["restore.rows"]["places"] == []


def test_the_page_for_a_pull_request_says_what_the_document_says(
    broken: ShadowRun, clean: ShadowRun
) -> None:
    page = (broken.reports / "shadow.md").read_text(encoding="utf-8")
    assert page.startswith("## ❌ NO-GO · risk HIGH")
    assert "at `broken.sql`, line 3" in page
    assert (clean.reports / "shadow.md").read_text(encoding="utf-8").startswith("## ✅ GO (quick")


def test_junit_has_a_failure_for_each_failed_check_and_none_for_another(broken: ShadowRun) -> None:
    suite = ElementTree.parse(broken.reports / "junit.xml").getroot()  # noqa: S314
    outcomes = {
        case.find("properties/property[@name='check']").get("value"): {  # type: ignore[union-attr]
            child.tag for child in case if child.tag != "properties"
        }
        for case in suite.iter("testcase")
    }
    statuses = broken.statuses
    assert outcomes.keys() == statuses.keys()
    expected = {"passed": set(), "failed": {"failure"}, "inconclusive": {"failure"}}
    for name, status in statuses.items():
        assert outcomes[name] == expected.get(status, {"skipped"}), name


def test_what_a_failure_makes_meaningless_is_blocked_by_it(broken: ShadowRun) -> None:
    checks = {check["id"]: check for check in broken.document["checks"]}
    for name in ("migration.data_unchanged", "performance.same_results.Q1", "rollback.clean"):
        assert checks[name]["status"] == "blocked"
        assert checks[name]["blocked_by"] == "migration.applied"
    assert broken.failed() == {"migration.applied", "signoff.verdict"}


def test_sign_off_and_rollout_plan_are_made_after_a_failure_too(broken: ShadowRun) -> None:
    statuses = broken.statuses
    assert statuses["signoff.evidence"] == "passed"
    assert statuses["rollout.plan"] == "passed"
    assert "NO-GO" in (broken.reports / "rollout_plan.md").read_text(encoding="utf-8")


def test_on_an_external_server_the_result_is_the_same_and_nothing_stays(
    server: Server, clean: ShadowRun, written: ShadowRun
) -> None:
    """Apart from what was asked of the local run besides; no database stayed, saw the fixture."""
    there, here = clean.statuses, written.statuses
    assert there.keys() == here.keys()
    assert {name for name in here if here[name] != there[name]} == {
        "performance.cold",
        "performance.witnesses",
        "signoff.verdict",
    }
    password = server.endpoint.password
    assert password
    for report in clean.reports.iterdir():
        if report.is_file():
            assert password not in report.read_text(encoding="utf-8")


def _external(server: Server) -> str:
    """The option that names a server that the run did not start."""
    at = server.endpoint
    return f"--server=postgresql://{at.user}@{at.host}:{at.port}/postgres"


def _databases(server: Server) -> set[str]:
    with server.maintenance.connect() as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database")}


def test_a_run_that_leaves_phases_out_is_no_go(tmp_path: Path) -> None:
    run = shadow_run(
        "--server=local", f"--rows={ROWS}", "-k", "environment.server", reports=tmp_path
    )
    assert run.status == 1
    assert run.document["verdict"] == "NO-GO"


def _servers_of(run: subprocess.Popen[bytes]) -> set[int]:
    """The processes of its server; sessions among them may end while they are looked at."""
    named = {
        found.pid for found in psutil.process_iter(["name"]) if found.info["name"] == "postgres"
    }
    return named & {child.pid for child in psutil.Process(run.pid).children(recursive=True)}


def test_a_killed_run_leaves_no_server_and_a_document_that_says_no_go(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command("--server=local", f"--rows={ROWS}", reports=tmp_path),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(lambda: b"restoring" in log.read_bytes(), 90)
            servers = _servers_of(process)
            assert servers
        finally:
            process.kill()
            process.wait()
    _wait_for(lambda: not any(psutil.pid_exists(pid) for pid in servers), 30)
    run = ShadowRun(-9, "", tmp_path)
    assert run.document["verdict"] == "NO-GO"
    assert "not finished" in run.document["reasons"][0]


def test_a_run_killed_while_it_measures_leaves_no_database_on_an_external_server(
    server: Server, tmp_path: Path
) -> None:
    before = _databases(server)
    process = subprocess.Popen(
        # Phase 6, which times several copies, and the checks before it without which it is blocked.
        command(
            _external(server),
            f"--rows={ROWS}",
            *("-k", "test_01 or test_02 or test_04 or applied or test_06"),
            reports=tmp_path,
        ),
        cwd=ROOT,
        env={**os.environ, "PGPASSWORD": server.endpoint.password or ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(lambda: len(_timed(server)) > 1, 120)
    finally:
        process.kill()
        process.wait()
    _wait_for(lambda: _databases(server) == before, 30)


def _timed(server: Server) -> set[str]:
    """The copies that a comparison is made in."""
    return {name for name in _databases(server) if "_timed_" in name}


def _wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
