"""squawk's findings arrive with their rule, line and link; waivers accept by rule and statement."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import ToolError
from shadowgate.migrate import Script, ScriptFinding, Waiver, apply_waivers, lint, read_script
from shadowgate.migrate import lint as lint_function

VERSION = 150000


def script_of(tmp_path: Path, text: str) -> Script:
    path = tmp_path / "m.sql"
    path.write_text(text, encoding="utf-8")
    return read_script(path)


def test_a_rule_is_reported_with_line_statement_and_link(tmp_path: Path) -> None:
    script = script_of(tmp_path, "SELECT 1;\n\nCREATE INDEX i ON\n  t (a);\n")
    found = {finding.rule: finding for finding in lint(script, VERSION)}
    finding = found["require-concurrent-index-creation"]
    assert (finding.line, finding.statement) == (3, "CREATE INDEX i ON t (a)")
    assert finding.link == "https://squawkhq.com/docs/require-concurrent-index-creation"
    assert "blocked" in finding.message


def test_a_harmless_script_has_no_finding(tmp_path: Path) -> None:
    assert lint(script_of(tmp_path, "SELECT 1;\n"), VERSION) == ()


def test_settings_in_the_folder_do_not_change_the_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".squawk.toml").write_text(
        'excluded_rules = ["require-concurrent-index-creation"]', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    script = script_of(tmp_path, "CREATE INDEX i ON t (a);\n")
    rules = [finding.rule for finding in lint(script, VERSION)]
    assert "require-concurrent-index-creation" in rules


def test_a_rule_switched_off_inside_the_script_is_reported(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        "SELECT 1;\n-- squawk-ignore require-concurrent-index-creation\nCREATE INDEX i ON t (a);\n",
    )
    (finding,) = [item for item in lint(script, VERSION) if item.rule == "ignored-in-script"]
    assert finding.line == 2


def test_a_script_for_psql_is_not_read_by_squawk(tmp_path: Path) -> None:
    assert lint(script_of(tmp_path, "\\set n 1\nCREATE INDEX i ON t (a);\n"), VERSION) == ()


@pytest.mark.parametrize(
    ("program", "said"),
    [("#!/bin/sh\necho oh >&2\nexit 3\n", "status 3 .* it said: oh"), ("not a program", "be run")],
)
def test_a_squawk_that_does_not_work_is_a_tool_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    broken = tmp_path / "squawk"
    broken.write_text(program, encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(ToolError, match=said):
        lint_function(script_of(tmp_path, "SELECT 1;\n"), VERSION)


def test_a_missing_squawk_is_a_tool_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="not installed"):
        lint(script_of(tmp_path, "SELECT 1;\n"), VERSION)


RULES = st.sampled_from(["a", "b", "c"])
FINDINGS = st.builds(
    ScriptFinding,
    rule=RULES,
    message=st.just("m"),
    line=st.integers(0, 9),
    statement=st.sampled_from(["CREATE INDEX i", "DROP TABLE t", ""]),
    source=st.just("trace"),
)
WAIVERS = st.builds(
    Waiver,
    rule=RULES,
    reason=st.just("known"),
    statement=st.sampled_from(["", "index", "DROP .* t$", "nowhere"]),
)


@given(st.lists(FINDINGS), st.lists(WAIVERS))
def test_waivers_part_findings_without_losing_any(
    findings: list[ScriptFinding], waivers: list[Waiver]
) -> None:
    review = apply_waivers(findings, waivers)
    both = [*review.open, *(item.finding for item in review.waived)]
    assert sorted(map(repr, both)) == sorted(map(repr, findings))
    assert not any(waiver.covers(finding) for waiver in waivers for finding in review.open)
    assert all(item.waiver.covers(item.finding) for item in review.waived)
    assert {item.waiver for item in review.waived}.isdisjoint(review.unused)


def test_a_waiver_covers_its_rule_in_statements_that_match_only() -> None:
    finding = ScriptFinding("slow", "m", 1, "CREATE INDEX big ON t (a)", "trace")
    assert Waiver("slow", "small table").covers(finding)
    assert Waiver("slow", "small table", "index big").covers(finding)
    assert not Waiver("slow", "small table", "index small").covers(finding)
    assert not Waiver("fast", "small table").covers(finding)


def test_waived_findings_are_shown_with_their_reason() -> None:
    finding = ScriptFinding("slow", "m", 1, "CREATE INDEX big ON t (a)", "trace")
    _, waived = apply_waivers([finding], [Waiver("slow", "small table")]).tables()
    assert waived.rows[0][-1] == "small table"
