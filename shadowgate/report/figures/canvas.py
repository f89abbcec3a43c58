"""How figures look, and how a matplotlib drawing becomes a small SVG for the report.

Colours are drawn as placeholders and leave as CSS variables with a fallback, so that one drawing
serves light, dark and paper, and stands alone as a file too. Text stays text. The same data gives
the same bytes.

Only drawing imports matplotlib: it takes more than half a second, and a run that ends at a
misspelt option draws nothing.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, cast

from shadowgate.evidence import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#22272e"
MUTED = "#6a737d"
GRID = "#d8dce1"
SHADE = "#f6e9e0"
BEFORE = "#7a828c"
AFTER = "#0b62a4"
GOOD = "#00695f"
BAD = "#b2370c"
DOUBT = "#76529b"

_VARIABLES: Mapping[str, str] = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--line",
    SHADE: "--bad-soft",
    BEFORE: "--before",
    AFTER: "--after",
    GOOD: "--good",
    BAD: "--bad",
    DOUBT: "--doubt",
}

_STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "shadowgate",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "ytick.left": False,
    "ytick.minor.left": False,
    "xtick.minor.bottom": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "text.parse_math": False,
    "path.simplify": True,
}


@dataclass(frozen=True)
class Margins:
    """Room between the edges of a drawing and its axes, in inches."""

    left: float
    right: float
    bottom: float
    top: float

    def shares(self, width: float, height: float) -> dict[str, float]:
        """Where the axes end in a drawing of this size, as matplotlib has it: from 0 to 1."""
        return {
            "left": self.left / width,
            "right": 1 - self.right / width,
            "bottom": self.bottom / height,
            "top": 1 - self.top / height,
        }


class Canvas:
    """One drawing with the project's look; use as a context manager around all drawing."""

    def __init__(
        self, width: float, height: float, rows: int = 1, margins: Margins | None = None
    ) -> None:
        """Open a drawing of this size in inches, with axes stacked in so many rows.

        Without margins there is as much room around the axes as the text needs; to find that out
        takes more than half of the time of a small drawing.
        """
        self._size = (width, height)
        self._rows = rows
        self._margins = margins

    def __enter__(self) -> Canvas:
        import matplotlib as mpl  # noqa: PLC0415
        from matplotlib.figure import Figure as Drawing  # noqa: PLC0415

        self._style: AbstractContextManager[None] = mpl.rc_context(cast("Any", _STYLE))
        self._style.__enter__()
        layout: Any = None if self._margins else "constrained"
        self.drawing = Drawing(figsize=self._size, layout=layout, facecolor="none")
        if self._margins:
            self.drawing.subplots_adjust(**self._margins.shares(*self._size))
        grid = self.drawing.subplots(self._rows, 1, squeeze=False, sharex=True)
        self.all_axes: list[Axes] = [row[0] for row in grid]
        for axes in self.all_axes:
            axes.set_facecolor("none")
        return self

    @property
    def axes(self) -> Axes:
        """The first, often only, axes."""
        return self.all_axes[0]

    def __exit__(self, *raised: Any) -> None:
        self._style.__exit__(*raised)

    def rows(self, labels: Sequence[str]) -> None:
        """Call the rows of the first axes so, from top to bottom."""
        self.axes.set_ylim(len(labels) - 0.4, -0.6)
        self.axes.set_yticks(range(len(labels)), labels)

    def note(self, text: str, at: tuple[float, float], colour: str, gap: float = 5) -> None:
        """Write beside a place in the first axes, so many points to the right of it."""
        self.axes.annotate(
            text, at, xytext=(gap, 0), textcoords="offset points", va="center", color=colour
        )

    def figure(self, title: str, sentence: str) -> Figure:
        """Return the drawing with its title and the sentence that reads it."""
        return Figure(title, sentence, self.svg(f"{title}. {sentence}"))

    def svg(self, label: str) -> str:
        """Return the drawing as inline SVG, labelled for a reader who cannot see it."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415

        stream = io.StringIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        # Not savefig, which draws everything twice.
        canvas: Any = FigureCanvasSVG(self.drawing)
        with warnings.catch_warnings():
            # A browser has fonts for what matplotlib's own font lacks: the text stays text.
            warnings.filterwarnings("ignore", r"Glyph .* missing from font")
            canvas.print_svg(stream, metadata=nothing)
        return _finished(stream.getvalue(), label)


def _finished(svg: str, label: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(
        r"<metadata>.*?</metadata>|<style type=\"text/css\">.*?</style>", "", svg, flags=re.S
    )
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    svg = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", svg)
    used = set(re.findall(r"(?:href=\"|url\()#([^\")]+)", svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else "", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable},{colour})")
    # Of the numbers in tags, not of those that are read: 1.000 is a thousand in some languages.
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d+\.\d{2})\d+", r"\1", tag[0]), svg)
    svg = re.sub(r"<g>\s*</g>", "", re.sub(r"\n\s*", "\n", svg))
    head = re.search(r'viewBox="0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)"', svg)
    if head is None:
        raise ValueError("matplotlib wrote an SVG without a viewBox")
    said = escape(" ".join(label.split()))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {head["width"]} {head["height"]}" role="img" aria-label="{said}" '
        f'style="width:100%;max-width:{float(head["width"]) * 4 / 3:.0f}px" '
        'stroke-linejoin="round" stroke-linecap="butt">'
    )
    return re.sub(r"<svg.*?>", lambda _m: opening, svg, count=1, flags=re.S).strip()
