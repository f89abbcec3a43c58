"""The templates of the report: one environment, everything that is inserted is escaped."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from shadowgate import language
from shadowgate.report import words
from shadowgate.report.markdown_text import code, code_cell, text
from shadowgate.report.plan_files import plan_links


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
    made.globals.update(_=_sentence, ngettext=_counted)
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
    made.globals.update(_=_markdown_sentence, ngettext=_markdown_counted)
    made.filters.update(code=code, code_cell=code_cell, kept=_kept, lines=language.lines_of)
    return _furnished(made)


def _furnished(made: Environment) -> Environment:
    """The environment with the filters and names that all templates use."""
    made.filters.update(
        breakable=_breakable,
        cell=words.cell,
        duration=words.duration,
        findings_of=words.findings_of,
        grouped_ids=words.grouped_ids,
        interval=words.interval,
        numeric_columns=words.numeric_columns,
        milliseconds=words.milliseconds,
        moment=language.moment,
        number=words.number,
        numeral=language.numeral,
        percent=words.percent,
        plan_links=plan_links,
        query_word=words.query_verdict,
        reason_of=words.reason_of,
        risk_word=words.risk,
        shell=shlex.quote,
        shortened=words.shortened,
        status_word=words.status,
        told=language.told,
        value=words.value,
    )
    made.globals.update(
        NOTHING=words.NOTHING,
        QUERY_SYMBOLS=words.QUERY_SYMBOLS,
        STATUS_SYMBOLS=words.STATUS_SYMBOLS,
    )
    return made


@pass_eval_context
def _sentence(context: EvalContext, sentence: str, /, **values: Any) -> str:
    return _inserted(context, language._(sentence), values)


@pass_eval_context
def _counted(context: EvalContext, one: str, many: str, number: int, /, **values: Any) -> str:
    given = {"n": words.number(number), **values}
    return _inserted(context, language.plural(one, many, number), given)


def _inserted(context: EvalContext, sentence: str, values: Mapping[str, Any]) -> str:
    """A sentence with its values, escaped where the template is HTML."""
    if context.autoescape:
        return Markup(escape(sentence)).format(**values)  # noqa: S704 - it is escaped
    return sentence.format(**values)


def _markdown_sentence(sentence: str, /, **values: Any) -> Markup:
    return _in_markdown(language._(sentence), values)


def _markdown_counted(one: str, many: str, number: int, /, **values: Any) -> Markup:
    return _in_markdown(language.plural(one, many, number), {"n": words.number(number), **values})


def _in_markdown(sentence: str, values: Mapping[str, Any]) -> Markup:
    """A sentence of ours, which is Markdown, with values that are none."""
    escaped = {
        name: value if isinstance(value, Markup) else text(value) for name, value in values.items()
    }
    return Markup(sentence.format(**escaped))  # noqa: S704 - what came from elsewhere is escaped


def _breakable(name: str) -> Markup:
    """A dotted name that may break after its dots and underscores."""
    return Markup("<wbr>").join(part for part in re.split(r"(?<=[._])", name) if part)


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
