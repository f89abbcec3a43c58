"""Answers as a table for a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from shadowgate.production.answers import SYMBOLS, Answers, Line
from shadowgate.report.redact import redacted_text

_WIDEST = 44


def rendered(answers: Answers, good: str, bad: str) -> str:
    """The table, and the verdict with its reasons. No secrets.

    Args:
        answers: what production answered.
        good: the verdict where there is no reason against it.
        bad: the verdict otherwise.
    """
    lines = [f"{answers.title}: {answers.where}", "", *_table(answers.lines), ""]
    reasons = answers.reasons
    lines.append(bad if reasons else good)
    lines += [f"  - {reason}" for reason in reasons]
    return redacted_text(os.linesep.join(lines))


def _table(lines: Sequence[Line]) -> Iterator[str]:
    rows = [
        ("", "what", "production", "expected", ""),
        *(
            (SYMBOLS[line.standing], line.topic, line.production, line.expected, line.meaning)
            for line in lines
        ),
    ]
    widths = [min(_WIDEST, max(len(row[place]) for row in rows)) for place in range(4)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[-1]]).rstrip()
