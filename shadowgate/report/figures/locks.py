"""The locks of a migration by relation and mode over time, and who waited behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shadowgate.evidence import Figure
from shadowgate.language import _, for_readers, ngettext
from shadowgate.report import words
from shadowgate.report.figures.canvas import BAD, DOUBT, GRID, INK, MUTED, Canvas, Margins
from shadowgate.report.figures.run import ClientWait, StatementSpan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Stops = Literal["everyone", "writers", "nobody"]

DRAWN_ROWS = 14
"""Pairs of relation and mode that are drawn, those that stop most first."""

_DRAWN_WAITS = 60
"""Of each row, the longest."""

_STRENGTH: tuple[Stops, ...] = ("everyone", "writers", "nobody")
_COLOURS = {"everyone": BAD, "writers": DOUBT, "nobody": GRID}
_IN_MILLISECONDS = 3.0
"""A run shorter than that, in seconds, has its axis in milliseconds."""


@dataclass(frozen=True)
class LockSpan:
    """A lock of one mode on one relation, in seconds from the start of the migration."""

    relation: str
    mode: str
    stops: Stops
    statement: int
    start: float
    end: float


@for_readers
def locks(
    statements: Sequence[StatementSpan],
    spans: Sequence[LockSpan],
    clients: Sequence[ClientWait] = (),
) -> Figure | None:
    """Draw when each relation was locked in which mode, and the clients that waited for it.

    Args:
        statements: in their order.
        spans: locks on relations that were there before.
        clients: with the relation that they waited for, where that is known.

    Returns:
        ``None`` where there is no lock to draw.
    """
    rows = _rows(spans)
    if not rows or not statements:
        return None
    shown = rows[:DRAWN_ROWS]
    height = 0.75 + 0.27 * len(shown)
    with Canvas(9.6, height, margins=Margins(3.1, 0.15, 0.5, 0.25)) as canvas:
        total = max([statements[-1].end, *(span.end for span in spans)])
        unit = 1000.0 if total < _IN_MILLISECONDS else 1.0
        axes = canvas.axes
        _draw_statements(axes, statements, unit, total)
        for place, (relation, mode) in enumerate(shown):
            own = [each for each in spans if (each.relation, each.mode) == (relation, mode)]
            _draw_row(axes, place, own, unit, total)
        _draw_clients(axes, shown, clients, unit)
        canvas.rows([f"{_ended(r, 22)}\N{EN SPACE}{_short(m)}" for r, m in shown])
        begin = min([statements[0].start, *(span.start for span in spans)])
        axes.set_xlim((begin - 0.01 * total) * unit, total * unit * 1.01)
        axes.set_xlabel(_axis_label(unit))
        return canvas.figure(
            _("Locks by relation and mode, with the number of the statement"),
            _sentence(spans, rows, clients),
        )


def _axis_label(unit: float) -> str:
    if unit > 1:
        return _(
            "milliseconds from the start; orange stops readers and writers, violet writers, grey "
            "nobody"
        )
    return _(
        "seconds from the start; orange stops readers and writers, violet writers, grey nobody"
    )


def _rows(spans: Sequence[LockSpan]) -> list[tuple[str, str]]:
    """Pairs of relation and mode, relations with the strongest lock first."""
    strongest: dict[str, int] = {}
    for span in spans:
        rank = _STRENGTH.index(span.stops)
        strongest[span.relation] = min(rank, strongest.get(span.relation, rank))
    stops = {(span.relation, span.mode): span.stops for span in spans}
    return sorted(
        stops, key=lambda row: (strongest[row[0]], row[0], _STRENGTH.index(stops[row]), row[1])
    )


def _draw_statements(
    axes: Axes, statements: Sequence[StatementSpan], unit: float, total: float
) -> None:
    last = -1.0
    for number, span in enumerate(statements, 1):
        axes.axvline(span.start * unit, color=GRID, lw=0.6)
        if span.start - last > 0.02 * total:
            last = span.start
            axes.annotate(
                str(number),
                (span.start * unit, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(1, 2),
                textcoords="offset points",
                size=7,
                color=MUTED,
            )


def _draw_row(axes: Axes, place: int, spans: Sequence[LockSpan], unit: float, total: float) -> None:
    widths = [max(span.end - span.start, 0.004 * total) * unit for span in spans]
    axes.barh(
        [place] * len(spans),
        widths,
        left=[span.start * unit for span in spans],
        height=0.56,
        color=_COLOURS[spans[0].stops],
        edgecolor=MUTED,
        lw=0.4,
    )
    longest = max(spans, key=lambda span: span.end - span.start)
    told = f"{longest.statement}: {words.duration(longest.end - longest.start)}"
    first, last = min(span.start for span in spans), max(span.end for span in spans)
    late = last > 0.8 * total
    axes.annotate(
        told,
        ((first if late else last) * unit, place),
        xytext=(-4 if late else 4, 0),
        textcoords="offset points",
        ha="right" if late else "left",
        va="center",
        size=7.5,
        color=MUTED,
    )


def _draw_clients(
    axes: Axes, rows: Sequence[tuple[str, str]], clients: Sequence[ClientWait], unit: float
) -> None:
    """Each wait a thin line under the strongest lock on the relation that it was for."""
    places: dict[str, int] = {}
    for place, (relation, _mode) in enumerate(rows):
        places.setdefault(relation, place)
    longest = sorted(clients, key=lambda client: -client.milliseconds)
    for relation, place in places.items():
        for client in [each for each in longest if each.relation == relation][:_DRAWN_WAITS]:
            end = client.start + client.milliseconds / 1000
            axes.plot(
                [client.start * unit, end * unit], [place + 0.38] * 2, color=INK, lw=1.2, alpha=0.7
            )


def _ended(name: str, width: int) -> str:
    """A name cut at its beginning: those of partitions differ at their ends."""
    return name if len(name) <= width else f"…{name[1 - width :]}"


def _short(mode: str) -> str:
    return mode.removesuffix("Lock")


def _sentence(
    spans: Sequence[LockSpan], rows: Sequence[tuple[str, str]], clients: Sequence[ClientWait]
) -> str:
    strong = [span for span in spans if span.stops != "nobody"]
    said = [_longest(strong)] if strong else [_("No lock stops readers or writers.")]
    waited = [client for client in clients if client.relation]
    said += [_waited(waited)] if waited else []
    if len(rows) > DRAWN_ROWS:
        said.append(
            _(
                "{drawn} of {all} rows are drawn, those that stop most.",
                drawn=DRAWN_ROWS,
                all=len(rows),
            )
        )
    return " ".join(said)


def _longest(spans: Sequence[LockSpan]) -> str:
    longest = max(spans, key=lambda span: span.end - span.start)
    values = {
        "lock": _short(longest.mode),
        "relation": longest.relation,
        "number": longest.statement,
        "time": words.duration(longest.end - longest.start),
    }
    if longest.stops == "everyone":
        return _(
            "The longest lock that stops readers and writers is {lock} on {relation}, by statement "
            "{number}, for {time}.",
            **values,
        )
    return _(
        "The longest lock that stops writers is {lock} on {relation}, by statement {number}, for "
        "{time}.",
        **values,
    )


def _waited(clients: Sequence[ClientWait]) -> str:
    worst = max(clients, key=lambda client: client.milliseconds)
    return ngettext(
        "{n} wait (thin line): {longest}.",
        "{n} waits (thin lines), the longest: {longest}.",
        len(clients),
        longest=_wait(worst),
    )


def _wait(client: ClientWait) -> str:
    values = {
        "relation": client.relation,
        "statement": words.shortened(client.behind, 60),
        "time": words.milliseconds(client.milliseconds),
    }
    if client.who == "reader":
        if client.behind:
            return _("a reader for {relation} behind {statement}, {time}", **values)
        return _("a reader for {relation}, {time}", **values)
    if client.behind:
        return _("a writer for {relation} behind {statement}, {time}", **values)
    return _("a writer for {relation}, {time}", **values)
