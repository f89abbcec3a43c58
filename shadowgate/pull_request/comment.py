"""The comment of a pull request: found again by a hidden marker, cut to what a comment may have."""

from __future__ import annotations

import re

from shadowgate.pull_request.reports import Published, Report
from shadowgate.report import LONGEST, Entry, overview, redacted_text

_NAME = re.compile(r"[A-Za-z0-9._-]{0,40}")


def marker(name: str) -> str:
    """The first line of a comment, which readers do not see.

    Args:
        name: tells the comments of several jobs on one pull request apart; letters, digits and
            ``._-``.

    Raises:
        ValueError: the name has other characters.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} has other characters than letters, digits, '.', '_' and '-'")
    return f"<!-- shadowgate:{name} -->"


def comment_body(published: Published, *, name: str = "", footer: str = "") -> str:
    """The whole comment, in at most 65,536 characters.

    Args:
        published: what it says.
        name: as of :func:`marker`.
        footer: Markdown below it: the commit, and where the report is.
    """
    head = f"{marker(name)}\n"
    foot = f"\n{footer}\n" if footer else ""
    return head + page_of(published, longest=LONGEST - len(head) - len(foot)) + foot


def page_of(published: Published, *, longest: int) -> str:
    """What a comment and a job's summary say, in at most so many characters."""
    if not published.reports and not published.findings:
        return "## ✅ GO · no migration is added or edited\n"
    entries = [Entry(each.name, each.evidence, _why(each)) for each in published.reports]
    notes = [
        redacted_text(f"{each.file}: {each.message}") for each in published.findings if each.counts
    ]
    return overview(entries, notes, longest=longest)


def _why(report: Report) -> str:
    """What decides about one run, in a sentence."""
    if report.evidence is None:
        return redacted_text(report.problem)
    reasons = report.evidence.reasons
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return redacted_text(reasons[0]) + more if reasons else ""
