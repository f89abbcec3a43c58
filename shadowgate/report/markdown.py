"""``shadow.md``: the run as a pull request shows it, in GitHub-flavoured Markdown.

A comment there may have 65,536 characters. A page that is longer is made again with fewer rows and
shorter texts until it fits; each table and list that was cut says how much of it is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shadowgate.evidence import CheckResult, Evidence, Table
from shadowgate.language import _, for_readers
from shadowgate.report import words
from shadowgate.report.causes import causes_of, not_explained, other_reasons
from shadowgate.report.keyfigures import key_figures
from shadowgate.report.redact import without_secrets
from shadowgate.report.templates import render_markdown

LONGEST = 65_536
"""Characters that a comment may have."""


@dataclass(frozen=True)
class Detail:
    """How much of a run is shown."""

    rows: int
    """Of a table."""
    lines: int
    """Of a check's detail, and places that a check points at."""
    checks: int
    """Failed ones; reasons; groups of checks that did not run."""
    width: int
    """Characters of one text."""


_FOLD = "\n</details>\n"
_LEAST_ROOM = 1_000
"""Characters below which a run's page among others says less than its line in the table."""

_DETAILS = (
    Detail(rows=100, lines=40, checks=60, width=2_000),
    Detail(rows=40, lines=20, checks=40, width=600),
    Detail(rows=15, lines=8, checks=20, width=300),
    Detail(rows=5, lines=4, checks=8, width=160),
    Detail(rows=0, lines=2, checks=3, width=80),
)


@dataclass(frozen=True)
class StatementLocks:
    """One statement of the migration with the strongest locks that it took."""

    number: str
    line: str
    sql: str
    milliseconds: str
    rewritten: str
    locks: tuple[tuple[str, str, str, str], ...]
    """Mode, relation, longest milliseconds, whom it stops; the strongest first."""


@for_readers
def to_markdown(evidence: Evidence, *, longest: int = LONGEST, heading: int = 2) -> str:
    """Render a run as Markdown; everything that comes from elsewhere is escaped.

    Args:
        evidence: the run.
        longest: characters that the text may have; below some hundreds only the verdict is left.
        heading: level of the title.
    """
    clean = without_secrets(evidence)
    for detail in _DETAILS:
        page = _page(clean, detail, heading)
        if len(page) <= longest:
            return page
    return (
        _("**{verdict}**, risk {risk}.", verdict=clean.verdict, risk=words.risk(clean.risk)) + "\n"
    )


@dataclass(frozen=True)
class Entry:
    """One run among several, or why there is none."""

    name: str
    evidence: Evidence | None
    why: str
    """What decides in a sentence."""

    @property
    def verdict(self) -> str:
        """The run's; what was not judged is no GO."""
        return self.evidence.verdict if self.evidence else "NO-GO"


@for_readers
def overview(entries: Sequence[Entry], notes: Sequence[str] = (), *, longest: int = LONGEST) -> str:
    """Render several runs as one page: a line for each, then each by itself as far as it fits.

    Args:
        entries: the runs, in their order.
        notes: what stands against all of them, a sentence each.
        longest: characters that the text may have.
    """
    if len(entries) == 1 and entries[0].evidence and not notes:
        return to_markdown(entries[0].evidence, longest=longest)
    verdict = "GO" if not notes and all(each.verdict == "GO" for each in entries) else "NO-GO"
    for rows in (200, 50, 10, 3, 0):
        head = render_markdown(
            "overview.md.j2", entries=entries, notes=notes, verdict=verdict, rows=rows
        )
        if len(head) <= longest:
            return head + _pages(entries, longest - len(head))
    return f"**{verdict}**\n"


def _pages(entries: Sequence[Entry], room: int) -> str:
    """The page of each run, folded, with an equal share of the room; none if that is too little."""
    runs = [(place, each.evidence) for place, each in enumerate(entries, 1) if each.evidence]
    if not runs or room // len(runs) < _LEAST_ROOM:
        return ""
    share = room // len(runs)
    folded = []
    for place, evidence in runs:
        said = _("Migration {number}: {verdict}", number=place, verdict=evidence.verdict)
        frame = f"\n<details><summary>{said}</summary>\n\n"
        page = to_markdown(evidence, longest=share - len(frame) - len(_FOLD), heading=3)
        folded.append(f"{frame}{page}{_FOLD}")
    return "".join(folded)


def write_markdown(evidence: Evidence, path: Path) -> None:
    """Write ``shadow.md``.

    Raises:
        OSError: the folder cannot be written.
    """
    path.write_text(to_markdown(evidence), encoding="utf-8")


def _page(evidence: Evidence, detail: Detail, heading: int) -> str:
    checks = {check.id: check for check in evidence.checks}
    return render_markdown(
        "shadow.md.j2",
        level="#" * heading,
        evidence=evidence,
        detail=detail,
        headline=words.headline(evidence),
        migration=migration_file(evidence),
        title=words.plan_title(evidence.plan),
        passed=sum(check.status == "passed" for check in evidence.checks),
        reasons=other_reasons(evidence),
        figures=key_figures(evidence),
        causes=causes_of(evidence.checks),
        not_run=words.not_run(not_explained(evidence.checks)),
        statements=statements_with_locks(checks.get("migration.applied")),
        changes=_rows_of(checks.get("migration.objects"), "change"),
        queries=[query for query in evidence.queries if query.change_percent is not None],
    )


def migration_file(evidence: Evidence) -> str:
    """The migration's file as the report names it; empty if it is not known."""
    files = evidence.plan.get("files")
    named = files.get("migration") if isinstance(files, Mapping) else None
    return str(named or evidence.plan.get("migration") or "")


def statements_with_locks(applied: CheckResult | None) -> list[StatementLocks]:
    """Each statement that ran, with its locks on what was there before the migration."""
    locks: dict[str, list[tuple[str, str, str, str]]] = {}
    for row in _rows_of(applied, "lock") or ():
        one = (row["lock"], row["relation"], row["longest ms"], row.get("stops", ""))
        locks.setdefault(row["#"], []).append(one)
    return [
        StatementLocks(
            row["#"],
            row["line"],
            row["statement"],
            row["ms"],
            row.get("rewritten", ""),
            tuple(locks.get(row["#"], ())),
        )
        for row in _rows_of(applied, "WAL kB") or ()
    ]


def _rows_of(check: CheckResult | None, column: str) -> Sequence[Mapping[str, str]] | None:
    """Rows of the first table of a check that has a column, by the names of the columns."""
    tables: Iterable[Table] = check.tables if check else ()
    found = next((table for table in tables if column in table.columns), None)
    return [dict(zip(found.columns, row, strict=False)) for row in found.rows] if found else None
