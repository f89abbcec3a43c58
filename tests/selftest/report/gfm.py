"""Markdown as GitHub's own parser reads it, for tests of what is written for a pull request."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

ZERO_WIDTH = "\u200b"
_EXTENSIONS = ["table", "autolink", "strikethrough", "tasklist"]
_OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES  # HTML is let through: none came


@dataclass
class Element:
    """What one HTML page has: its tags, its text by tag, and the text that is no code."""

    tags: set[str] = field(default_factory=set)
    text: str = ""
    prose: str = ""
    """Text outside of code: where GitHub looks for mentions, references and addresses."""
    cells: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Element()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.page.tags.add(tag)
        self._open.append(tag)
        if tag == "td":
            self.page.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_comment(self, data: str) -> None:
        self.page.tags.add(f"!--{data}")

    def handle_data(self, data: str) -> None:
        self.page.text += data
        if "td" in self._open:
            self.page.cells[-1] += data
        if "code" not in self._open:
            self.page.prose += data


def read(markdown: str) -> Element:
    """Parse Markdown as GitHub does, and the HTML that comes of it."""
    html = cmarkgfm.markdown_to_html_with_extensions(markdown, _OPTIONS, _EXTENSIONS)
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page
