"""The map of a table: its geometries by partition, and where the queries look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from shadowgate.catalogue.maps import WIDTH, Shape, TableMap
from shadowgate.evidence import Figure
from shadowgate.language import _, for_readers, ngettext
from shadowgate.report import words

COLOURS = ("#3b82c4", "#c8702a", "#3a9d7c", "#9a6bc0", "#b8952b", "#c25584", "#5f8f3a")
"""Legible on white and on black; what comes after them is grey."""
OTHERS = "#8a929b"

_LINE, _MARGIN = 26, 16


@for_readers
def table_map(drawn: TableMap, rows: int | None = None) -> Figure:
    """Draw a map.

    Args:
        drawn: what is on it.
        rows: of the table, where that is known.
    """
    names = list(drawn.shapes)
    coloured, others = sorted(names[: len(COLOURS)]), names[len(COLOURS) :]
    title = _("Map of {table}", table=drawn.table)
    sentence = _sentence(drawn, rows)
    legend = [(colour, _bare(name)) for colour, name in zip(COLOURS, coloured, strict=False)]
    if others:
        more = ngettext("{n} more partition", "{n} more partitions", len(others))
        legend.append((OTHERS, more))
    if len(names) == 1:
        legend = []
    height = drawn.height + _MARGIN + _LINE * len(legend)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:.0f}" role="img" '
        f'aria-label="{escape(f"{title}. {sentence}")}" style="width:100%;max-width:760px">',
        f'<clipPath id="{_id(drawn)}"><rect width="{WIDTH:g}" height="{drawn.height:.0f}"/>'
        f'</clipPath><g clip-path="url(#{_id(drawn)})">',
        *(_group(drawn.shapes[name], OTHERS) for name in reversed(others)),
        *(
            _group(drawn.shapes[name], colour)
            for colour, name in reversed([*zip(COLOURS, coloured, strict=False)])
        ),
        "</g>",
        *_windows(drawn),
        f'<rect width="{WIDTH:g}" height="{drawn.height:.0f}" fill="none" '
        'stroke="var(--line,#d8dce1)" stroke-width="2"/>',
        *_legend(legend, drawn.height + _MARGIN),
        "</svg>",
    ]
    return Figure(title, sentence, "".join(parts))


def _sentence(drawn: TableMap, rows: int | None) -> str:
    count = ngettext(
        "{n} geometry of column {column} is drawn",
        "{n} geometries of column {column} are drawn",
        drawn.drawn,
        column=drawn.column,
    )
    if rows is not None and rows > drawn.drawn:
        count = _("{count}, a sample of {rows} rows", count=count, rows=words.number(rows))
    if len(drawn.shapes) > 1:
        count = _("{count}, coloured by the partition that they lie in", count=count)
    looks = list(dict.fromkeys(window.query for window in drawn.windows))
    if not looks:
        return f"{count}."
    return _("{count}; framed: where {queries} look.", count=count, queries=words.enumerated(looks))


def _group(shapes: Sequence[Shape], colour: str) -> str:
    areas = "".join(shape.path for shape in shapes if shape.path and shape.area)
    lines = "".join(shape.path for shape in shapes if shape.path and not shape.area)
    dots = "".join(f"M{each.x:.0f} {each.y:.0f}h0" for each in shapes if not each.path)
    look = {
        areas: f'fill="{colour}" fill-opacity="0.55" stroke="{colour}"',
        lines: f'fill="none" stroke="{colour}" stroke-width="1.5"',
        dots: f'stroke="{colour}" stroke-width="4" stroke-linecap="round"',
    }
    return "".join(f'<path d="{path}" {style}/>' for path, style in look.items() if path)


def _windows(drawn: TableMap) -> Iterator[str]:
    for window in drawn.windows:
        wide, high = max(window.width, 8.0), max(window.height, 8.0)
        left = window.x + (window.width - wide) / 2
        top = window.y + (window.height - high) / 2
        yield (
            f'<rect x="{left:.0f}" y="{top:.0f}" width="{wide:.0f}" height="{high:.0f}" '
            'fill="none" stroke="var(--ink,#22272e)" stroke-width="2.5" stroke-dasharray="9 5"/>'
            f'<text x="{min(max(left, 4), WIDTH - 60):.0f}" y="{max(top - 6, 20):.0f}" '
            f'font-size="20" font-weight="700" fill="var(--ink,#22272e)" paint-order="stroke" '
            f'stroke="var(--page,#fff)" stroke-width="4">{escape(window.query)}</text>'
        )


def _legend(entries: Sequence[tuple[str, str]], top: float) -> Iterator[str]:
    for place, (colour, name) in enumerate(entries):
        y = top + place * _LINE
        yield (
            f'<rect x="2" y="{y:.0f}" width="18" height="18" fill="{colour}" fill-opacity="0.75"/>'
            f'<text x="30" y="{y + 15:.0f}" font-size="18" fill="var(--ink,#22272e)">'
            f"{escape(name)}</text>"
        )


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('"')


def _id(drawn: TableMap) -> str:
    """Of the frame, on a page with several maps."""
    named = "".join(character if character.isalnum() else "-" for character in drawn.table)
    return f"map-{named}"
