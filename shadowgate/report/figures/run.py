"""The drawings of the run: waits, phases, and projections beside measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shadowgate.evidence import Figure
from shadowgate.language import _, for_readers, numeral
from shadowgate.report import words
from shadowgate.report.figures.canvas import AFTER, BAD, DOUBT, GRID, INK, MUTED, Canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN_WAITS = 400
"""So many of the longest waits of each kind are drawn."""


@dataclass(frozen=True)
class Effect:
    """A measured gain in percent faster (negative is slower), with its interval."""

    percent: float
    low: float
    high: float


@dataclass(frozen=True)
class StatementSpan:
    """When one statement ran, in seconds from the start of the migration."""

    label: str
    start: float
    end: float


@dataclass(frozen=True)
class ClientWait:
    """How long a client waited while the migration ran."""

    who: Literal["reader", "writer"]
    start: float
    """Seconds from the start of the migration."""
    milliseconds: float
    behind: str = ""
    """The statement that it waited for, if that is known."""
    relation: str = ""
    """What it waited for, if that is a relation."""


@for_readers
def waits(
    statements: Sequence[StatementSpan],
    clients: Sequence[ClientWait],
    *,
    reader_limit_ms: float,
    writer_limit_ms: float,
) -> Figure:
    """Draw how long readers and writers waited while the statements ran, each with its budget.

    Only the longest operations of each kind are drawn; the sentence speaks of all.
    """
    title = _("What readers and writers felt while the migration ran")
    limits = {"reader": reader_limit_ms, "writer": writer_limit_ms}
    sentence = " ".join(
        _wait_words(who, [c for c in clients if c.who == who], statements, limit)
        for who, limit in limits.items()
    )
    with Canvas(9.6, 3.6, rows=3) as canvas:
        _draw_spans(canvas.axes, statements)
        for axes, (who, limit) in zip(canvas.all_axes[1:], limits.items(), strict=True):
            _draw_waits(axes, who, [c for c in clients if c.who == who], limit)
        canvas.all_axes[-1].set_xlabel(_("seconds from the start of the migration"))
        return canvas.figure(title, sentence)


def _draw_spans(axes: Axes, statements: Sequence[StatementSpan]) -> None:
    for place, span in enumerate(statements):
        lane = place % 2
        took = max(span.end - span.start, 0.0)
        axes.barh(
            [lane], [took], left=[span.start], height=0.7, color=GRID, edgecolor=MUTED, lw=0.5
        )
        if took >= 0.03 * statements[-1].end:
            axes.text(span.start + took / 2, lane, str(place + 1), ha="center", va="center", size=8)
    axes.set_ylim(1.6, -0.6)
    axes.set_yticks([])
    axes.set_ylabel(_("statements"))


def _draw_waits(axes: Axes, who: str, clients: Sequence[ClientWait], limit: float) -> None:
    longest = sorted(clients, key=lambda client: -client.milliseconds)[:DRAWN_WAITS]
    times = [client.milliseconds for client in longest]
    peak = max(times, default=0.0)
    colour = AFTER if who == "reader" else DOUBT
    # One path for all stems keeps the drawing small.
    stems = [(c.start, height) for c in longest for height in (0.0, c.milliseconds, math.nan)]
    axes.plot(*zip(*stems, strict=True), color=colour, lw=1)
    if peak < limit / 4:
        axes.set_ylim(0, max(peak * 1.3, 1.0))
        said = _("budget {limit}, above this scale ↑", limit=words.milliseconds(limit))
    else:
        axes.set_ylim(0, max(peak, limit) * 1.25)
        axes.axhline(limit, color=BAD, lw=0.9, ls="--")
        said = _("dashed: budget {limit}", limit=words.milliseconds(limit))
    axes.set_ylabel({"reader": _("readers, ms"), "writer": _("writers, ms")}[who])
    axes.grid(visible=True, axis="y")
    axes.text(1.0, 1.0, said, transform=axes.transAxes, ha="right", va="top", color=BAD, size=8)


def _wait_words(
    who: str, clients: Sequence[ClientWait], statements: Sequence[StatementSpan], limit: float
) -> str:
    if not clients:
        none = {
            "reader": _("No reader was seen waiting."),
            "writer": _("No writer was seen waiting."),
        }
        return none[who]
    worst = max(clients, key=lambda client: client.milliseconds)
    behind = worst.behind or _statement_during(worst, statements)
    time, budget = map(words.milliseconds, (worst.milliseconds, limit))
    if behind:
        time = _("{time}, behind {statement}", time=time, statement=words.shortened(behind, 60))
    if worst.milliseconds <= limit:
        within = {
            "reader": _("The longest wait of a reader was {time}: within the budget of {budget}."),
            "writer": _("The longest wait of a writer was {time}: within the budget of {budget}."),
        }
        return within[who].format(time=time, budget=budget)
    beyond = {
        "reader": _("The longest wait of a reader was {time}: beyond the budget of {budget}."),
        "writer": _("The longest wait of a writer was {time}: beyond the budget of {budget}."),
    }
    return beyond[who].format(time=time, budget=budget)


def _statement_during(wait: ClientWait, statements: Sequence[StatementSpan]) -> str:
    """The statement in which the wait ended: what it waited for was given back then."""
    end = wait.start + wait.milliseconds / 1000
    begun = [span.label for span in statements if span.start <= end and span.end >= wait.start]
    return begun[-1] if begun else ""


@for_readers
def phases(durations: Mapping[int, float]) -> Figure:
    """Draw the time that each phase took, in seconds."""
    title = _("Time of every phase")
    known = sorted(durations)
    total = sum(durations.values())
    sentence = _("No phase ran.")
    names = words.phase_names()
    if known:
        longest = max(known, key=durations.__getitem__)
        sentence = _(
            "Phase {number}, {name}, took longest: {time} of {total}.",
            number=longest,
            name=names.get(longest, "").lower(),
            time=words.duration(durations[longest]),
            total=words.duration(total),
        )
    with Canvas(6.4, 0.7 + 0.21 * max(len(known), 1)) as canvas:
        axes = canvas.axes
        axes.grid(visible=True, axis="x")
        axes.barh(range(len(known)), [durations[p] for p in known], height=0.55, color=AFTER)
        for row, phase in enumerate(known):
            canvas.note(words.duration(durations[phase]), (durations[phase], row), MUTED, gap=4)
        axes.set_xmargin(0.12)
        canvas.rows([f"{p}\N{EN SPACE}{names.get(p, '')}" for p in known])
        axes.set_xlabel(_("seconds"))
        return canvas.figure(title, sentence)


@for_readers
def projection(projected: Mapping[str, float], measured: Mapping[str, Effect]) -> Figure:
    """Draw what was projected for each optimisation beside what was measured.

    Args:
        projected: name -> gain that a plan projects, in percent faster.
        measured: the same names as far as they were measured.
    """
    title = _("Projected and measured gains")
    names = [*projected, *(name for name in measured if name not in projected)]
    sentence = _projection_sentence(names, projected, measured)
    with Canvas(7.4, 1.0 + 0.42 * max(len(names), 1)) as canvas:
        axes = canvas.axes
        axes.grid(visible=True, axis="x")
        axes.axvline(0, color=INK, lw=0.9)
        for row, name in enumerate(names):
            if name in projected:
                axes.barh(
                    [row - 0.18],
                    [projected[name]],
                    height=0.3,
                    facecolor="none",
                    edgecolor=MUTED,
                    hatch="////",
                    ls="--",
                    lw=0.8,
                )
                said = _("{percent} % projected", percent=numeral(f"{projected[name]:g}"))
                canvas.note(said, (max(projected[name], 0), row - 0.18), MUTED)
            _draw_measured(canvas, row + 0.18, measured.get(name))
        axes.set_xmargin(0.3)
        canvas.rows(names)
        axes.set_xlabel(
            _("percent faster (hatched: projection, not a measurement; solid: measured)")
        )
        return canvas.figure(title, sentence)


def _draw_measured(canvas: Canvas, at: float, effect: Effect | None) -> None:
    axes = canvas.axes
    if effect is None:
        canvas.note(_("not yet measured"), (0, at), DOUBT)
        return
    axes.barh([at], [effect.percent], height=0.3, color=AFTER)
    axes.plot([effect.low, effect.high], [at, at], color=INK, lw=1.4)
    said = _("{percent} % measured", percent=words.signed(f"{effect.percent:.1f}"))
    canvas.note(said, (max(effect.high, effect.percent, 0), at), AFTER)


def _projection_sentence(
    names: Sequence[str], projected: Mapping[str, float], measured: Mapping[str, Effect]
) -> str:
    parts = []
    for name in (n for n in names if n in measured):
        effect = measured[name]
        gain, low, high = (
            words.signed(f"{each:.1f}") for each in (effect.percent, effect.low, effect.high)
        )
        values = {"name": name, "gain": gain, "low": low, "high": high}
        if name in projected:
            text = _(
                "{name}: measured {gain} % ({low} to {high} %), projected {projected} %",
                **values,
                projected=numeral(f"{projected[name]:g}"),
            )
        else:
            text = _("{name}: measured {gain} % ({low} to {high} %)", **values)
        parts.append(text)
    open_names = [name for name in names if name not in measured]
    if open_names:
        parts.append(
            _(
                "{names}: a projection only, not yet measured",
                names=words.enumerated(open_names),
            )
        )
    return "; ".join(parts) + "." if parts else _("Nothing was projected or measured.")
