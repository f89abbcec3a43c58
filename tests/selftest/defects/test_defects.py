"""Every seeded defect is caught by the check named for it, and by no other without cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from shadowgate.evidence import CheckResult
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.verdict import check_of
from tests.selftest.defects.bench import Outcome
from tests.selftest.defects.files import Defect, DefectFileError, parse_defect, plans, read_defects
from tests.selftest.defects.matrix import (
    TARGET,
    is_caught,
    page_of,
    section_of,
    sections,
    terminal_lines,
)
from tests.selftest.defects.scope import every_check
from tests.selftest.defects.variants import all_defects
from tests.selftest.defects.workers import Asked, Trial, Workers

DEFECTS = all_defects()
HARMLESS = {
    plan: Defect(
        plan=plan,
        name="harmless",
        what="Asked a question.",
        check="migration.applied",
        manner="append",
        body="SELECT 1;\n",
    )
    for plan in plans()
}


class Judged:
    """The outcomes of this run, by id; the terminal summary shows them."""

    def __init__(self, asked: Mapping[str, Asked]) -> None:
        self.asked = asked
        self.known: dict[str, Outcome] = {}

    def __getitem__(self, trial: str) -> Outcome:
        self.known[trial] = self.asked[trial].result()
        return self.known[trial]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the matrix."""
        terminalreporter.section("seeded defects and the checks that caught them")
        for line in terminal_lines(self.known, DEFECTS):
            terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def judged(request: pytest.FixtureRequest) -> Iterator[Judged]:
    """Outcomes of everything that the chosen tests are about."""
    with Workers() as workers:
        found = Judged(workers.judge(_asked_for(request.session.items)))
        request.config.pluginmanager.register(found)
        yield found


def _asked_for(items: Sequence[pytest.Item]) -> list[Trial]:
    """What the chosen tests are about, plan by plan."""
    functions = [
        (item.function, item.callspec.params)
        for item in items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    ]
    wanted: list[Trial] = []
    for plan in plans():
        asked = [function for function, values in functions if values.get("plan") == plan]
        whole = test_committed_matrix_is_that_of_this_run in asked
        chosen = [values["defect"] for _, values in functions if "defect" in values]
        if test_clean_scripts_pass_every_check in asked:
            wanted.append(Trial(plan))
        if test_a_harmless_statement_is_caught_by_nothing in asked:
            wanted.append(Trial(plan, HARMLESS[plan]))
        wanted += [
            Trial(plan, defect)
            for defect in DEFECTS
            if defect.plan == plan and (whole or defect in chosen)
        ]
    return wanted


def _in_words(outcome: Outcome) -> str:
    return "\n".join(f"{found.id} {found.status}: {found.detail}" for found in outcome.failed)


def _skip_what_this_machine_cannot_judge(defect: Defect, outcome: Outcome) -> None:
    """Skip where the check named for a defect could not be carried out: pg_cron may be missing."""
    if defect.check in outcome.unavailable:
        pytest.skip(f"{defect.check}: {outcome.unavailable[defect.check]}")


@pytest.mark.parametrize("plan", plans())
def test_clean_scripts_pass_every_check(judged: Judged, plan: str) -> None:
    outcome = judged[Trial(plan).id]
    judged_checks = {check_of(CHECKS, found.id).id for found in outcome.results}
    assert judged_checks == {check.id for check in every_check()}
    open_ones = [
        found
        for found in outcome.results
        if found.status not in ("passed", "skipped") and found.id not in outcome.unavailable
    ]
    assert not open_ones, open_ones


@pytest.mark.parametrize("plan", plans())
def test_a_harmless_statement_is_caught_by_nothing(judged: Judged, plan: str) -> None:
    outcome = judged[HARMLESS[plan].id]
    assert outcome.failed == (), _in_words(outcome)
    assert not is_caught(HARMLESS[plan], outcome)
    assert len(outcome.results) > 10


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_defect_fails_the_check_named_and_no_other_without_cause(
    judged: Judged, defect: Defect
) -> None:
    outcome = judged[defect.id]
    _skip_what_this_machine_cannot_judge(defect, outcome)
    assert is_caught(defect, outcome), f"not caught by {defect.check}\n{_in_words(outcome)}"
    assert outcome.failed_checks == defect.allowed, _in_words(outcome)


@pytest.mark.parametrize("plan", plans())
def test_committed_matrix_is_that_of_this_run(judged: Judged, plan: str) -> None:
    outcomes = {defect.id: judged[defect.id] for defect in DEFECTS if defect.plan == plan}
    for defect in DEFECTS:
        if defect.id in outcomes:
            _skip_what_this_machine_cannot_judge(defect, outcomes[defect.id])
    written = sections(TARGET.read_text(encoding="utf-8"))
    wanted = section_of(plan, outcomes, DEFECTS)
    assert written.get(plan) == wanted, f"run python -m tests.selftest.defects.matrix {plan}"


def test_a_check_that_this_machine_cannot_judge_has_not_failed() -> None:
    undecided = CheckResult("migration.scheduled", 5, "inconclusive", "pg_cron runs the jobs.")
    assert Outcome((undecided,), 0.0).failed == (undecided,)
    assert Outcome((undecided,), 0.0, {undecided.id: "pg_cron is not installed"}).failed == ()


def test_the_page_is_made_of_its_sections() -> None:
    page = TARGET.read_text(encoding="utf-8")
    assert page == page_of(sections(page))


def test_there_are_defects_of_every_kind_and_plan() -> None:
    assert len({defect.id for defect in DEFECTS}) == len(DEFECTS)
    for plan in plans():
        assert sum(defect.plan == plan for defect in DEFECTS) >= (40 if plan == "opt1" else 3)
    named = {check_of(CHECKS, defect.check).id for defect in DEFECTS}
    never_named = {check.id for check in every_check()} - named
    assert never_named == {"rollback.snapshot"}  # it fails if pg_dump does


def test_a_defect_of_no_plan_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "opt99"
    folder.mkdir()
    (folder / "it.sql").write_text(f"{HEAD}append\n\nSELECT 2;\n")
    with pytest.raises(DefectFileError, match="no plan opt99"):
        read_defects(tmp_path)


HEAD = "-- Did something.\n-- check: migration.applied\n-- apply: "
END = "\nRESET lock_timeout;\n"


@pytest.mark.parametrize(
    ("manner", "text", "spoiled"),
    [
        ("append", f"SELECT 1;\n{END}", "SELECT 1;\n\nSELECT 2;\n\nRESET lock_timeout;\n"),
        ("prepend", "SELECT 1;\n", "SELECT 2;\n\nSELECT 1;\n"),
    ],
)
def test_a_statement_is_put_where_the_header_says(manner: str, text: str, spoiled: str) -> None:
    assert parse_defect("opt1", "it", f"{HEAD}{manner}\n\nSELECT 2;\n").spoil(text) == spoiled


def test_passages_are_replaced_one_by_one() -> None:
    body = "-- <<<\none\n-- >>>\n1\n-- <<<\ntwo\n-- >>>\n"
    assert (
        parse_defect("opt1", "it", f"{HEAD}replace\n\n{body}").spoil("one two three") == "1  three"
    )


@pytest.mark.parametrize("text", ["no such passage", "one and one"])
def test_a_passage_that_is_not_there_exactly_once_is_an_error(text: str) -> None:
    defect = parse_defect("opt1", "it", f"{HEAD}replace\n\n-- <<<\none\n-- >>>\n1\n")
    with pytest.raises(DefectFileError, match="times in the migration, not once"):
        defect.spoil(text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-- check: migration.applied\n-- apply: append\n\nSELECT 1;", "a sentence"),
        (f"{HEAD}append\n\n", "SQL"),
        ("-- Did it.\n-- apply: append\n\nSELECT 1;", "a check"),
        ("-- Did it.\n-- check: migration.luck\n-- apply: append\n\nSELECT 1;", "no check"),
        (f"{HEAD}amend\n\nSELECT 1;", "apply must be one of"),
        (f"{HEAD}append\n-- apply: append\n\nSELECT 1;", "twice"),
        (f"{HEAD}append\n-- script: plan\n\nSELECT 1;", "script must be one of"),
        (f"{HEAD}append\n-- also: migration.silence\n\nSELECT 1;", "why does migration.silence"),
    ],
)
def test_a_header_that_cannot_be_used_is_an_error(text: str, complaint: str) -> None:
    with pytest.raises(DefectFileError, match=complaint):
        parse_defect("opt1", "it", text)
