"""What a branch does to the migrations of its base: what is found, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shadowgate.repository.model import Finding
from tests.selftest.repository.repositories import Repository, repository

UP, DOWN = "ALTER TABLE t ADD n text;\n", "ALTER TABLE t DROP n;\n"


def pair(name: str, up: str = UP, down: str = DOWN) -> dict[str, str]:
    """A migration with its rollback."""
    return {f"migrations/{name}.sql": up, f"migrations/rollback/{name}.sql": down}


@pytest.fixture
def made(tmp_path: Path) -> Repository:
    return repository(tmp_path, {**pair("0001_a"), **pair("0003_c")})


def findings(made: Repository) -> list[Finding]:
    return list(made.branch().changes.findings)


def pending(made: Repository) -> list[str]:
    return [each.name for each in made.branch().changes.pending]


def test_what_is_added_is_pending_in_the_order_of_its_versions(made: Repository) -> None:
    made.commit({**pair("0010_k"), **pair("0009_j")})
    assert pending(made) == ["0009_j", "0010_k"]
    assert not findings(made)


def test_an_edit_of_what_the_base_has_is_found_at_its_line_and_not_judged(
    made: Repository,
) -> None:
    made.commit({"migrations/0001_a.sql": f"{UP}SELECT 1;\n"})
    (found,) = findings(made)
    assert (found.rule, found.place) == ("edited-migration", "migrations/0001_a.sql:2")
    assert not found.reason
    assert not pending(made)


def test_a_waived_edit_is_judged_like_a_new_migration(made: Repository) -> None:
    comment = "-- shadowgate: allow edited-migration: it is not released yet\n"
    made.commit({"migrations/0001_a.sql": f"{comment}{UP}SELECT 1;\n"})
    (found,) = findings(made)
    assert found.reason == "it is not released yet"
    assert pending(made) == ["0001_a"]


def test_the_settings_waive_with_a_reason(made: Repository) -> None:
    waiver = '[[waivers]]\nrule = "edited-migration"\nmigration = "0001_a"\nreason = "why not"\n'
    made.commit({"migrations/0001_a.sql": "SELECT 1;\n", "shadowgate.toml": waiver})
    (found,) = findings(made)
    assert found.reason == "why not"


def test_a_waiver_of_an_earlier_edit_waives_no_later_one(tmp_path: Path) -> None:
    comment = "-- shadowgate: allow edited-migration: {}\n"
    made = repository(tmp_path, pair("0001_a", comment.format("not released yet") + UP))
    made.commit(pair("0001_a", comment.format("not released yet") + "SELECT 1;\n"))
    assert not findings(made)[0].reason
    made.commit(pair("0001_a", comment.format("still not released") + "SELECT 1;\n"))
    assert findings(made)[0].reason == "still not released"


def test_what_the_base_got_in_the_meantime_too_is_nothing_new(made: Repository) -> None:
    made.commit({**pair("0004_d"), "migrations/0003_c.sql": "SELECT 3;\n"})
    made.git("checkout", "--quiet", "base")
    made.commit({**pair("0004_d"), "migrations/0003_c.sql": "SELECT 3;\n"})
    made.git("checkout", "--quiet", "change")
    assert not pending(made)
    assert not findings(made)
    made.commit({"migrations/0004_d.sql": "SELECT 4;\n"})
    assert [each.rule for each in findings(made)] == ["edited-migration"]


def test_what_stands_behind_a_null_is_not_passed_over(made: Repository) -> None:
    made.commit({"migrations/0001_a.sql": f"{UP}\0SELECT 1;\n"})
    assert [each.rule for each in findings(made)] == ["edited-migration"]


def test_a_file_without_directives_among_those_with_them_is_found(tmp_path: Path) -> None:
    made = repository(tmp_path, {"migrations/1_a.sql": f"-- migrate:up\n{UP}"})
    made.commit({"migrations/2_b.sql": UP})
    assert [each.rule for each in findings(made)] == ["directives"]


def test_a_comment_more_is_no_edit(made: Repository) -> None:
    made.commit({"migrations/0001_a.sql": f"-- A comment.\n{UP}"})
    assert not findings(made)
    assert not pending(made)


def test_a_comment_more_is_an_edit_to_a_tool_with_checksums(tmp_path: Path) -> None:
    made = repository(tmp_path, {"sql/V1__a.sql": UP})
    made.commit({"sql/V1__a.sql": f"-- A comment.\n{UP}"})
    assert [each.rule for each in findings(made)] == ["edited-migration"]


def test_other_line_ends_are_no_edit(tmp_path: Path) -> None:
    made = repository(tmp_path, {"sql/V1__a.sql": "SELECT 1;\nSELECT 2;\n"})
    made.commit({"sql/V1__a.sql": "SELECT 1;\r\nSELECT 2;\r\n"})
    assert not findings(made)


def test_what_is_taken_away_from_the_base_is_found(made: Repository) -> None:
    made.remove("migrations/0003_c.sql")
    assert [each.rule for each in findings(made)] == ["removed-migration"]


def test_out_of_order_is_found_and_can_be_accepted(made: Repository) -> None:
    made.commit(pair("0002_b"))
    (found,) = findings(made)
    assert (found.rule, found.file) == ("out-of-order", "migrations/0002_b.sql")
    assert "0003_c" in found.what
    made.commit({"shadowgate.toml": "out_of_order = true\n"})
    assert not findings(made)


def test_what_the_base_got_meanwhile_counts_for_order_and_versions(made: Repository) -> None:
    made.commit(pair("0004_mine"))
    made.git("checkout", "--quiet", "base")
    made.commit({**pair("0004_theirs"), **pair("0005_theirs")})
    made.git("checkout", "--quiet", "change")
    assert [each.rule for each in findings(made)] == ["duplicate-version", "out-of-order"]
    assert pending(made) == ["0004_mine"]


def test_a_version_twice_is_found(made: Repository) -> None:
    made.commit({**pair("0004_d"), **pair("0004_e")})
    assert {each.rule for each in findings(made)} == {"duplicate-version"}


def test_versions_of_flyways_are_equal_as_numbers(tmp_path: Path) -> None:
    made = repository(tmp_path, {"sql/V1__a.sql": UP})
    made.commit({"sql/V2.0__b.sql": UP, "sql/V2__c.sql": UP})
    assert {each.rule for each in findings(made)} == {"duplicate-version"}


def test_the_order_of_sqitch_is_that_of_its_plan(tmp_path: Path) -> None:
    line = "{} 2026-01-01T00:00:00Z A <a@example.org> # x\n"
    head = "%project=x\n\n"
    scripts = {f"deploy/{name}.sql": UP for name in "abc"}
    base = {"sqitch.plan": head + line.format("a") + line.format("c"), **scripts}
    made = repository(tmp_path, base)
    plan = head + "".join(map(line.format, "acb"))
    made.commit({"sqitch.plan": plan})
    assert pending(made) == ["b"]
    assert not findings(made)
    made.commit({"sqitch.plan": head + "".join(map(line.format, "abc"))})
    assert [each.rule for each in findings(made)] == ["out-of-order"]


def test_a_change_that_sqitchs_plan_names_without_a_script_is_found(tmp_path: Path) -> None:
    made = repository(tmp_path, {"sqitch.plan": "%project=x\n"})
    made.commit({"sqitch.plan": "%project=x\na 2026-01-01T00:00:00Z A <a@b.org>\n"})
    (found,) = findings(made)
    assert found.place == "sqitch.plan:2"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"SELECT 1;\nSELECT '\xe9';\n", "not UTF-8"), ("SELECT 1;".encode("utf-16"), "UTF-16")],
)
def test_what_is_not_utf_8_is_found(made: Repository, content: bytes, words: str) -> None:
    made.commit({"migrations/0004_d.sql": content})
    (found,) = findings(made)
    assert found.rule == "not-utf-8"
    assert words in found.what


def test_a_file_that_was_not_utf_8_before_is_not_this_branchs_fault(tmp_path: Path) -> None:
    made = repository(tmp_path, {"migrations/0001_a.sql": b"SELECT '\xe9';\n"})
    made.commit(pair("0002_b"))
    assert not findings(made)


def test_only_another_way_back_is_touched_and_not_pending(made: Repository) -> None:
    made.commit({"migrations/rollback/0001_a.sql": "ALTER TABLE t DROP IF EXISTS n;\n"})
    changes = made.branch().changes
    assert [each.name for each in changes.touched] == ["0001_a"]
    assert not changes.pending
    assert not changes.findings


def _uncommitted(made: Repository) -> None:
    made.write(pair("0004_d"))


def _staged(made: Repository) -> None:
    made.write(pair("0004_d"))
    made.git("add", "--all")


@pytest.mark.parametrize("prepare", [_uncommitted, _staged])
def test_the_working_tree_is_looked_at_when_asked(
    made: Repository, prepare: Callable[[Repository], None]
) -> None:
    prepare(made)
    branch = made.branch(working_tree=True)
    assert [each.name for each in branch.changes.pending] == ["0004_d"]


def test_a_project_below_the_top_folder_is_read_by_its_own_paths(tmp_path: Path) -> None:
    top = repository(tmp_path, {"shop/shadowgate.toml": "", "migrations/0001_x.sql": UP})
    top.commit({"shop/migrations/0001_é x.sql": UP})
    inner = Repository(tmp_path / "shop")
    assert pending(inner) == ["0001_é x"]
    (tmp_path / "shop" / "deep").mkdir()
    assert pending(Repository(tmp_path / "shop" / "deep")) == ["0001_é x"]
