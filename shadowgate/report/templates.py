"""The templates of the report: one environment, everything that is inserted is escaped."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from shadowgate.report import words


@cache
def environment() -> Environment:
    """Return the environment; HTML templates escape, Markdown templates do not."""
    made = Environment(
        loader=PackageLoader("shadowgate.report", "."),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
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


def render(template: str, **values: Any) -> str:
    """Render a template of the report with these values."""
    return environment().get_template(template).render(**values)
