"""Every seeded defect is caught by the check named for it, and by no other without cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import pytest

from shadowgate.checks import CATALOGUE, spec_of
from tests.selftest.defect_bench import Outcome
from tests.selftest.defect_files import Defect, DefectFileError, parse_defect
from tests.selftest.defect_matrix import TARGET, is_caught, matrix_page, terminal_lines
from tests.selftest.defect_variants import all_defects
from tests.selftest.defect_workers import Workers

DEFECTS = all_defects()
CLEAN = "clean"
HARMLESS = Defect(
    name="harmless",
    what="Asked a question.",
    check="migration.applied",
    manner="append",
    body="SELECT 1;\n",
)


class Judged:
    """The outcomes of this run, by name; the terminal summary shows them."""

    def __init__(self, asked: dict[str, Future[Outcome]]) -> None:
        self.asked = asked
        self.known: dict[str, Outcome] = {}

    def __getitem__(self, name: str) -> Outcome:
        self.known[name] = self.asked[name].result()
        return self.known[name]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the matrix."""
        terminalreporter.section("seeded defects and the checks that caught them")
        for line in terminal_lines(self.known, DEFECTS):
            terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def judged(request: pytest.FixtureRequest) -> Iterator[Judged]:
    """Outcomes of the clean scripts and of all defects that the chosen tests are about."""
    defects = _asked_for(request.session.items)
    with Workers() as workers:
        names = [CLEAN, HARMLESS.name, *(defect.name for defect in defects)]
        futures = workers.judge([None, HARMLESS, *defects])
        found = Judged(dict(zip(names, futures, strict=True)))
        request.config.pluginmanager.register(found)
        yield found


def _asked_for(items: Sequence[pytest.Item]) -> list[Defect]:
    """All of them if the matrix is asked for, else those with a test that was chosen."""
    functions = [item for item in items if isinstance(item, pytest.Function)]
    if any(item.function is test_committed_matrix_is_that_of_this_run for item in functions):
        return DEFECTS
    chosen = [item.callspec.params.get("defect") for item in functions if hasattr(item, "callspec")]
    return [defect for defect in DEFECTS if defect in chosen]


def _in_words(outcome: Outcome) -> str:
    return "\n".join(f"{found.id} {found.status}: {found.detail}" for found in outcome.failed)


def test_clean_scripts_pass_every_check(judged: Judged) -> None:
    outcome = judged[CLEAN]
    assert {spec_of(found.id).id for found in outcome.results} == {
        spec.id for spec in CATALOGUE if spec.phase in (5, 8)
    }
    assert all(found.status == "passed" for found in outcome.results), _in_words(outcome)


def test_a_harmless_statement_is_caught_by_nothing(judged: Judged) -> None:
    outcome = judged[HARMLESS.name]
    assert outcome.failed == (), _in_words(outcome)
    assert not is_caught(HARMLESS, outcome)
    assert len(outcome.results) > 10


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_defect_fails_the_check_named_and_no_other_without_cause(
    judged: Judged, defect: Defect
) -> None:
    outcome = judged[defect.name]
    assert is_caught(defect, outcome), f"not caught by {defect.check}\n{_in_words(outcome)}"
    assert outcome.failed_checks == defect.allowed, _in_words(outcome)


def test_committed_matrix_is_that_of_this_run(judged: Judged) -> None:
    outcomes = {defect.name: judged[defect.name] for defect in DEFECTS}
    written = TARGET.read_text(encoding="utf-8")
    assert written == matrix_page(outcomes, DEFECTS), "run python -m tests.selftest.defect_matrix"


def test_there_are_defects_of_every_kind() -> None:
    assert len(DEFECTS) >= 40
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)
    never_named = {spec.id for spec in CATALOGUE if spec.phase in (5, 8)} - {
        spec_of(defect.check).id for defect in DEFECTS
    }
    assert never_named == {"rollback.snapshot"}  # it fails if pg_dump does


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
    assert parse_defect("it", f"{HEAD}{manner}\n\nSELECT 2;\n").spoil(text) == spoiled


def test_passages_are_replaced_one_by_one() -> None:
    body = "-- <<<\none\n-- >>>\n1\n-- <<<\ntwo\n-- >>>\n"
    assert parse_defect("it", f"{HEAD}replace\n\n{body}").spoil("one two three") == "1  three"


@pytest.mark.parametrize("text", ["no such passage", "one and one"])
def test_a_passage_that_is_not_there_exactly_once_is_an_error(text: str) -> None:
    defect = parse_defect("it", f"{HEAD}replace\n\n-- <<<\none\n-- >>>\n1\n")
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
        parse_defect("it", text)
