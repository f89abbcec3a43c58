"""What the terminal says at the end."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from shadowgate.evidence import Evidence
from shadowgate.log_text import log_text
from shadowgate.report import verdict_lines
from tests.selftest.report import strategies as report_strategies
from tests.selftest.report.samples import (
    BEHIND_ROLLBACK,
    go_sample,
    no_go_sample,
    quick_sample,
    with_check,
)


def test_the_verdict_is_the_first_line() -> None:
    assert verdict_lines(go_sample())[0] == "verdict   GO   risk LOW"
    assert verdict_lines(no_go_sample())[0] == "verdict   NO-GO   risk HIGH"
    quick = verdict_lines(quick_sample())[0]
    assert quick == "verdict   GO (quick: performance not judged)   risk MEDIUM"


def test_every_check_that_failed_has_one_line_with_its_reason_under_its_cause() -> None:
    lines = verdict_lines(no_go_sample())
    for check in no_go_sample().checks:
        wanted = check.status in ("failed", "inconclusive")
        named = [line for line in lines if f" {check.id}: " in line]
        assert len(named) == wanted, check.id
        if wanted:
            assert named[0].lstrip().startswith("↳") == (check.follows is not None)
    text = "\n".join(lines)
    assert "✕ failed       migration.data_unchanged: 1 row is missing and 2 are altered." in text
    behind = ", ".join(BEHIND_ROLLBACK)
    assert lines[lines.index(f"{' ' * 17}↳ blocked {behind}") - 1].startswith(
        "  ✕ failed       rollback.clean"
    )


def test_the_statement_to_blame_is_named() -> None:
    lines = verdict_lines(no_go_sample())
    place = next(at for at, line in enumerate(lines) if " migration.data_unchanged:" in line)
    assert (
        lines[place + 1]
        .strip()
        .startswith("at 1770500100_auto_partition_creation_2029_plus.sql, line 61")
    )


def test_an_optional_failure_is_called_optional() -> None:
    evidence = with_check(go_sample(), "simulation.effect.OPT3", status="failed", detail="slower")
    assert "  ✕ failed       simulation.effect.OPT3 (optional): slower" in verdict_lines(evidence)


def test_skips_with_one_reason_share_a_line() -> None:
    lines = [line for line in verdict_lines(quick_sample()) if "skipped  " in line]
    assert lines == [
        "  – skipped      performance.not_slower (Q1, Q2, Q3, Q4, Q5, Q6, Q7, Q8, Q9, Q10, W1, "
        "W2), performance.target (Q5), performance.overall, performance.history, "
        "performance.layout: 20,000 rows are too few to judge timings; the plan asks for 100,000"
    ]


def test_failures_come_before_what_they_block() -> None:
    marks = [
        line.split()[1]
        for line in verdict_lines(no_go_sample())
        if line[2:3] in "✕?■–" and line[2:3]
    ]
    assert marks[:3] == ["failed", "failed", "inconclusive"]
    order = ["failed", "inconclusive", "blocked", "skipped"]
    assert marks == sorted(marks, key=order.index)


def test_the_key_numbers_are_told() -> None:
    text = "\n".join(verdict_lines(go_sample()))
    for told in (
        "251,247",
        "31.9 % faster",
        "−33.6 to −30.0 %",
        "−11.2 %",
        "Regressions",
        "9.4 s",
        "Rows lost by rollback",
        "2 min 22 s",
    ):
        assert told in text


def test_a_target_that_was_not_judged_is_not_called_met() -> None:
    line = next(each for each in verdict_lines(quick_sample()) if each.startswith("  Q5 "))
    assert re.split(r" {2,}", line)[-2:] == ["not judged", "measured: 31.9 % faster"]


def test_the_interval_of_an_estimate_stands_beside_it() -> None:
    evidence = with_check(
        go_sample(), "simulation.combined", measured="−39.2 % (−43.7 to −36.7 %)", limit="−36 %"
    )
    (line,) = (text for text in verdict_lines(evidence) if "All optimisations" in text)
    assert line.split(maxsplit=2)[2] == "−39.2 %  −43.7 to −36.7 %; limit −36 %"


def test_a_regression_is_counted_and_named() -> None:
    line = next(each for each in verdict_lines(no_go_sample()) if "Regressions" in each)
    assert "slower: Q9" in line
    assert "undecided: Q6" in line


def test_rows_lost_are_told_when_the_rollback_lost_some() -> None:
    evidence = with_check(
        go_sample(), "rollback.later_rows_kept", status="failed", measured=12, limit=0
    )
    line = next(each for each in verdict_lines(evidence) if "Rows lost" in each)
    assert "12" in line.split()
    assert "rollback.later_rows_kept" in line


def test_only_reports_that_are_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "shadow.json").write_text("{}")
    text = "\n".join(verdict_lines(go_sample(), tmp_path))
    assert str(tmp_path / "shadow.json") in text
    assert "shadow.html" not in text


def test_no_password_is_printed() -> None:
    evidence = with_check(
        go_sample(), "restore.clean", status="failed", detail="no route to postgres://u:s3cr3t@h"
    )
    assert "s3cr3t" not in "\n".join(verdict_lines(evidence))


@given(report_strategies.evidence)
@settings(max_examples=40, deadline=None)
def test_any_evidence_can_be_told_line_by_line(evidence: Evidence) -> None:
    lines = verdict_lines(dataclasses.replace(evidence))
    assert lines[0].startswith(f"verdict   {evidence.verdict}")
    assert all("\n" not in line for line in lines)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["::error::x", " ::x", "\t::x", "##[error]", "\n", "\r", "\x1b[2J", "a", ":"]
        )
    )
)
def test_no_line_of_a_log_is_a_command_and_nothing_is_lost(parts: list[str]) -> None:
    raw = "".join(parts)
    said = log_text(raw)
    assert "##[" not in said
    assert not any(line.strip().startswith("::") for line in said.splitlines())
    assert not set("\r\x1b") & set(said)
    assert said.replace("\u200b", "").replace("\ufffd", "") == raw.replace("\r", "").replace(
        "\x1b", ""
    )


def test_the_verdict_is_said_in_lines_that_are_no_commands() -> None:
    evidence = dataclasses.replace(
        no_go_sample(),
        checks=tuple(
            dataclasses.replace(
                check, detail="\n::error::pwned\n##[error]pwned", where="::error::x", findings=()
            )
            for check in no_go_sample().checks
        ),
    )
    said = "\n".join(verdict_lines(evidence))
    assert "pwned" in said
    assert not any(line.strip().startswith("::") for line in said.splitlines())
    assert "##[" not in said
