"""`shadowgate lint`: what a text shows by itself, without a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowgate.command import main
from shadowgate.pull_request.lint import lint_files
from tests.selftest.shadow_runs import ROOT

ORDERS = ROOT / "examples" / "orders"

CAUGHT = {
    "an index that blocks writers": (
        "SET lock_timeout = '2s';\nCREATE INDEX i ON public.orders (status);",
        ":2: require-concurrent-index-creation: ",
    ),
    "concurrently in a block": (
        "BEGIN;\nCREATE INDEX CONCURRENTLY i ON public.orders (total);\nCOMMIT;",
        ":2: cannot-run-in-transaction, ban-concurrent-index-creation-in-transaction: ",
    ),
    "the whole server": ("ALTER SYSTEM SET work_mem = '1GB';", ":1: reaches-outside"),
    "a rule switched off without a reason": (
        "-- squawk-ignore require-lock-timeout\nSELECT 1;",
        ": ignored-in-script: ",
    ),
}

CLEAN = {
    "a column": "SET lock_timeout = '2s';\nALTER TABLE public.orders ADD COLUMN note text;",
    "an index of a table of its own": (
        "CREATE TABLE public.notes (id bigint, text text);\n"
        "CREATE INDEX notes_text ON public.notes (text);"
    ),
    "a reason": (
        "SET lock_timeout = '2s';\n"
        "-- shadowgate: allow require-concurrent-index-creation: ten rows\n"
        "CREATE INDEX i ON public.kinds (name);"
    ),
    "another taste": "CREATE TABLE public.notes (id int, text varchar(20));",
}


def said(*paths: Path, release: int = 14) -> tuple[int, list[str]]:
    lines: list[str] = []
    return lint_files(paths, release, lines.append), lines


@pytest.mark.parametrize("case", CAUGHT)
def test_a_hazard_in_the_text_is_found_at_its_line(tmp_path: Path, case: str) -> None:
    sql, wanted = CAUGHT[case]
    script = tmp_path / "m.sql"
    script.write_text(sql, encoding="utf-8")
    status, lines = said(script)
    assert status == 1
    assert any(wanted in line and line.startswith(str(script)) for line in lines), lines
    assert "allow RULE" in lines[-1]


@pytest.mark.parametrize("case", CLEAN)
def test_what_is_harmless_or_accepted_is_not_said(tmp_path: Path, case: str) -> None:
    script = tmp_path / "m.sql"
    script.write_text(CLEAN[case], encoding="utf-8")
    assert said(script) == (0, [])


def test_what_only_a_run_can_tell_is_marked_as_a_guess(tmp_path: Path) -> None:
    script = tmp_path / "m.sql"
    script.write_text(
        f"{CAUGHT['the whole server'][0]}\n{CAUGHT['an index that blocks writers'][0]}"
    )
    guesses = {line.split(": ")[1]: "a run tells" in line for line in said(script)[1][:-1]}
    assert guesses["reaches-outside"] is False
    assert guesses["require-concurrent-index-creation"] is True


def test_the_example_is_clean_and_so_is_its_plan(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    text = (ORDERS / "plan.toml").read_text(encoding="utf-8")
    text = text.replace('"production.dump"', '"dump"').replace(
        '"migrations/', f'"{ORDERS}/migrations/'
    )
    plan.write_text(text.replace('"queries"', f'"{ORDERS}/queries"'), encoding="utf-8")
    (tmp_path / "dump").touch()
    assert said(*(ORDERS / "migrations").glob("*.sql"), plan) == (0, [])
    plan.write_text(text.replace("[creates]", "[makes]"), encoding="utf-8")
    status, (line,) = said(plan)
    assert status == 4
    assert "makes" in line


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("m.sql", b"ALTER TABEL t ADD c int;", "line 1"),
        ("m.sql", b"-- later\n", "no statement"),
        ("m.sql", b"\xff\xfeS", "UTF-16"),
        ("m.sql", b"COPY t FROM PROGRAM 'x';", "runs a program"),
        ("m.sql", b"\\! rm -rf /\n", "m.sql"),
        ("plan.toml", b"name = ", "not valid TOML"),
        ("plan.toml", b"\xff", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_status_4(
    tmp_path: Path, name: str, content: bytes, wanted: str
) -> None:
    path, good = tmp_path / name, tmp_path / "good.sql"
    path.write_bytes(content)
    good.write_text(CLEAN["a column"], encoding="utf-8")
    status, (line,) = said(good, path)
    assert status == 4
    assert line.startswith(str(path))
    assert wanted in line


def test_what_cannot_be_read_outweighs_a_finding(tmp_path: Path) -> None:
    first, second = tmp_path / "1.sql", tmp_path / "2.sql"
    first.write_text("nonsense", encoding="utf-8")
    second.write_text(CAUGHT["the whole server"][0], encoding="utf-8")
    status, lines = said(first, second)
    assert status == 4
    assert any("reaches-outside" in line for line in lines), "the others are looked at all the same"


@given(st.text(max_size=60))
@settings(max_examples=25, deadline=None)
def test_any_text_ends_in_lines(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    script = tmp_path_factory.mktemp("any") / "m.sql"
    script.write_bytes(text.encode("utf-8", "replace"))
    status, lines = said(script)
    assert status in (0, 1, 4)
    assert all("\n" not in line for line in lines)


def test_the_command_exits_as_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "m.sql"
    script.write_text(CAUGHT["the whole server"][0], encoding="utf-8")
    assert main(["lint", str(script)]) == 1
    assert "reaches-outside" in capsys.readouterr().out
    for wrong in (["lint"], ["lint", "--release=9", str(script)], ["lint", "--no", str(script)]):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 4


def test_the_command_loads_nothing_that_a_run_needs() -> None:
    """So that a hook takes no longer than a commit: pytest and the drawings take a second alone."""
    script = (
        "import sys; from shadowgate.command import main; "
        f"main(['lint', {str(ORDERS / 'migrations' / '20260301_order_note.sql')!r}]); "
        "print({'pytest', 'matplotlib', 'scipy', 'testcontainers'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_each_hook_is_a_command_that_there_is() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        assert hook["entry"] == "shadowgate lint"
        assert hook["language"] == "python"
        assert {"id", "name", "types"} <= hook.keys()
