"""``index.html``: one page over the reports of several runs, of a series or of a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shadowgate.evidence import Evidence, Risk, Verdict
from shadowgate.language import for_readers, spoken_language, told
from shadowgate.report import words
from shadowgate.report.deciding import what_decides
from shadowgate.report.html import stylesheet
from shadowgate.report.redact import redacted_text, without_secrets
from shadowgate.report.templates import render


@dataclass(frozen=True)
class Listed:
    """One run on the page."""

    name: str
    link: str
    """To its report, from the page; empty if there is none."""
    evidence: Evidence | None
    problem: str = ""
    """Why there is no evidence."""

    @property
    def verdict(self) -> Verdict:
        """The run's; what was not judged is no GO."""
        return self.evidence.verdict if self.evidence else "NO-GO"

    @property
    def label(self) -> str:
        """The verdict with what limits it."""
        return words.headline(self.evidence).label if self.evidence else self.verdict

    @property
    def title(self) -> str:
        """What its plan is called, unless that is its name already."""
        called = words.plan_title(self.evidence.plan) if self.evidence else ""
        return "" if called in self.name else called

    @property
    def passed(self) -> int:
        """Checks that passed."""
        return (
            sum(check.status == "passed" for check in self.evidence.checks) if self.evidence else 0
        )

    @property
    def why(self) -> str:
        """What decides about it, in a sentence."""
        return what_decides(self.evidence) if self.evidence else told(self.problem)


@for_readers
def index(runs: Sequence[Listed], verdict: Verdict, risk: Risk, notes: Sequence[str] = ()) -> str:
    """Render the page: no secrets, and nothing that is loaded from elsewhere.

    Args:
        runs: in their order.
        verdict: over all of them.
        risk: the highest of all.
        notes: what stands against all of them, a sentence each.
    """
    return render(
        "index.html.j2",
        rows=[_clean(each) for each in runs],
        verdict=verdict,
        risk=risk,
        go=sum(each.verdict == "GO" for each in runs),
        notes=[redacted_text(note) for note in notes],
        language=spoken_language(),
        style=stylesheet().read_text("utf-8"),
    )


def _clean(run: Listed) -> Listed:
    evidence = without_secrets(run.evidence) if run.evidence else None
    return Listed(run.name, run.link, evidence, redacted_text(run.problem))
