"""The templates of the report: one environment, everything that is inserted is escaped."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from shadowgate.report import words
from shadowgate.report.markdown_text import code, code_cell, text


@cache
def environment() -> Environment:
    """Return the environment; HTML templates escape, the rollout plan's Markdown does not."""
    made = Environment(
        loader=PackageLoader("shadowgate.report", "."),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return _furnished(made)


@cache
def markdown_environment() -> Environment:
    """Return the environment of pages for a pull request: all that is inserted is escaped."""
    made = Environment(  # noqa: S701 - escaped as Markdown, by what follows
        loader=PackageLoader("shadowgate.report", "."),
        finalize=lambda value: value if isinstance(value, Markup) else text(value),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(code=code, code_cell=code_cell, kept=_kept, lines=_lines)
    return _furnished(made)


def _furnished(made: Environment) -> Environment:
    """The environment with the filters and names that all templates use."""
    made.filters.update(
        breakable=_breakable,
        duration=words.duration,
        findings_of=words.findings_of,
        grouped_ids=words.grouped_ids,
        interval=words.interval,
        numeric_columns=words.numeric_columns,
        milliseconds=words.milliseconds,
        number=words.number,
        percent=words.percent,
        reason_of=words.reason_of,
        shell=shlex.quote,
        shortened=words.shortened,
        value=words.value,
    )
    made.globals.update(
        NOTHING=words.NOTHING,
        PHASE_NAMES=words.PHASE_NAMES,
        QUERY_SYMBOLS=words.QUERY_SYMBOLS,
        STATUS_SYMBOLS=words.STATUS_SYMBOLS,
    )
    return made


def _breakable(name: str) -> Markup:
    """A dotted name that may break after its dots and underscores."""
    return Markup("<wbr>").join(part for part in re.split(r"(?<=[._])", name) if part)


def _lines(whole: str) -> list[str]:
    """The lines of a text that say something."""
    return [line.strip() for line in whole.splitlines() if line.strip()]


def _kept(whole: str, width: int) -> str:
    """A text cut with an ellipsis at a number of characters."""
    return whole if len(whole) <= width else f"{whole[: width - 1].rstrip()}…"


def render(template: str, **values: Any) -> str:
    """Render a template of the report with these values."""
    return environment().get_template(template).render(**values)


def render_markdown(template: str, **values: Any) -> str:
    """Render a Markdown template for a pull request; what is not marked as safe is escaped."""
    page = markdown_environment().get_template(template).render(**values)
    return re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"
