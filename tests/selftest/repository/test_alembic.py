"""Alembic's layout, with an environment and revisions that Alembic itself made."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shadowgate.errors import UsageError
from shadowgate.repository.branch import open_project
from shadowgate.repository.frameworks import Asking
from shadowgate.repository.frameworks.alembic import with_sql
from shadowgate.repository.model import Migration
from tests.selftest.repository.repositories import Repository, repository
from tests.selftest.repository.test_changed import Runs, judged

IDLE = "    pass\n"


def alembic(made: Repository, *arguments: str) -> None:
    """Call Alembic as its users do."""
    program = [sys.executable, "-m", "alembic", *arguments]
    subprocess.run(program, cwd=made.folder, check=True, capture_output=True)


def revise(made: Repository, name: str, up: str, down: str, *arguments: str) -> Path:
    """Let Alembic make a revision, and write what it does."""
    alembic(made, "revision", "--message", name, "--rev-id", name, *arguments)
    (path,) = (made.folder / "alembic" / "versions").glob(f"{name}_*.py")
    head, _, _ = path.read_text("utf-8").partition("def upgrade()")
    both = f"def upgrade() -> None:\n{up}\n\ndef downgrade() -> None:\n{down}"
    path.write_text(head + both, "utf-8")
    return path


def execute(sql: str) -> str:
    """The body of a function that runs SQL."""
    return f"    op.execute({sql!r})\n"


@pytest.fixture
def made(tmp_path: Path) -> Repository:
    """A project with one revision on its base, in the folder that Alembic proposes."""
    made = repository(tmp_path, {".gitignore": "__pycache__/\n"})
    made.git("checkout", "--quiet", "base")
    alembic(made, "init", "alembic")
    ini = tmp_path / "alembic.ini"
    url = "sqlalchemy.url = postgresql+psycopg://localhost/shop"
    lines = ini.read_text("utf-8").splitlines()
    lines = [url if line.startswith("sqlalchemy.url") else line for line in lines]
    ini.write_text("\n".join(lines) + "\n", "utf-8")
    revise(made, "first", execute("CREATE TABLE t (a int)"), execute("DROP TABLE t"))
    made.commit({})
    made.git("checkout", "--quiet", "-B", "change")
    return made


UP, DOWN = execute("ALTER TABLE t ADD n text"), execute("ALTER TABLE t DROP n")


def pending(made: Repository) -> list[Migration]:
    return list(made.branch(working_tree=True).changes.pending)


def rules(made: Repository) -> list[str]:
    return [each.rule for each in made.branch(working_tree=True).changes.findings]


def test_its_revisions_are_judged_as_the_sql_that_it_sends(made: Repository) -> None:
    path = revise(made, "second", UP, DOWN)
    source = path.read_text("utf-8")
    path.write_text(source.replace("def up", "# shadowgate: allow out-of-order: x\ndef up"))
    revise(made, "third", execute("ALTER TABLE t ADD o text"), execute("ALTER TABLE t DROP o"))
    made.commit({})
    assert str(open_project(made.folder).place) == "alembic/versions (alembic)"
    runs = Runs()
    ended = judged(made, runs)
    assert ended.status == 0, ended.said
    assert [job.name for job in runs.jobs] == ["second_second", "third_third"]
    first, second = runs.scripts
    assert "ALTER TABLE t ADD n text;" in first
    assert "UPDATE alembic_version SET version_num='second'" in first
    assert first.startswith("-- shadowgate: allow out-of-order: x\n")
    assert "ADD n" not in second
    assert [len(each) for each in runs.applied] == [0, 1]
    assert runs.option(0, "--transaction") == "statement"
    assert "BEGIN;" in first, "Alembic writes the transaction into the script"


def test_the_way_back_is_asked_for_too(made: Repository) -> None:
    revise(made, "second", UP, DOWN)
    (found,) = pending(made)
    (sent,) = with_sql([found], Asking(made.folder, made.folder))
    down = sent.down
    assert down is not None
    assert "ALTER TABLE t DROP n;" in down.text
    assert "SET version_num='first'" in down.text


@pytest.mark.parametrize("down", [IDLE, "    raise NotImplementedError\n", '    """None."""\n'])
def test_a_downgrade_that_does_nothing_is_no_way_back(made: Repository, down: str) -> None:
    revise(made, "second", UP, down)
    made.commit({})
    assert judged(made, Runs()).rules == ["missing-rollback"]


def test_its_file_can_say_that_there_is_none(made: Repository) -> None:
    path = revise(made, "second", UP, IDLE)
    path.write_text("# shadowgate: irreversible: gone\n" + path.read_text("utf-8"), "utf-8")
    made.commit({})
    assert judged(made, Runs()).rules == []


EDITS: dict[str, tuple[Callable[[str], str], list[str]]] = {
    "what it does": (lambda text: text.replace("a int", "a bigint"), ["edited-migration"]),
    "a comment": (lambda text: f"# A comment.\n{text}", []),
    "the way back": (lambda text: text.replace("DROP TABLE", "DROP TABLE IF EXISTS"), []),
}


@pytest.mark.parametrize("case", EDITS)
def test_an_edit_of_what_the_base_has_is_found_if_it_does_something_else(
    made: Repository, case: str
) -> None:
    edit, wanted = EDITS[case]
    (path,) = (made.folder / "alembic" / "versions").glob("first_*.py")
    path.write_text(edit(path.read_text("utf-8")), "utf-8")
    assert rules(made) == wanted
    assert not pending(made)


def test_two_heads_are_found_and_joining_them_is_nothing_to_judge(made: Repository) -> None:
    revise(made, "second", UP, DOWN)
    revise(made, "other", UP, DOWN, "--head=first", "--splice")
    assert rules(made) == ["directives", "directives"]
    alembic(made, "merge", "--message", "joined", "second", "other")
    assert not rules(made)
    assert {each.key for each in pending(made)} == {"second", "other"}


def test_what_is_put_in_between_is_out_of_order(made: Repository) -> None:
    revise(made, "early", UP, DOWN, "--head=base", "--splice")
    (path,) = (made.folder / "alembic" / "versions").glob("first_*.py")
    text = path.read_text("utf-8")
    path.write_text(text.replace("None] = None", "None] = 'early'", 1), "utf-8")
    assert "out-of-order" in rules(made)


def test_a_file_that_is_not_python_is_found(made: Repository) -> None:
    path = revise(made, "second", UP, DOWN)
    path.write_text(path.read_text("utf-8") + "def (\n", "utf-8")
    assert "script" in rules(made)


REFUSALS: dict[str, tuple[str, str, str]] = {
    "no such Python": ("", "/nowhere/python", "cannot be started"),
    "its environment": ("import nosuchmodule\n", "", "No module named 'nosuchmodule'"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_alembic_cannot_do_is_said_in_one_sentence(made: Repository, case: str) -> None:
    early, python, words = REFUSALS[case]
    revise(made, "second", UP, DOWN)
    env = made.folder / "alembic" / "env.py"
    env.write_text(early + env.read_text("utf-8"), "utf-8")
    (found,) = pending(made)
    with pytest.raises(UsageError, match=words) as refused:
        with_sql([found], Asking(made.folder, made.folder, python))
    assert refused.value.exit_status == 4
