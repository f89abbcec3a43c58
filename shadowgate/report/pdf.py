"""``shadow.pdf``: the page on A4, printed by the Chromium that is on the machine."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from shadowgate.errors import ToolError
from shadowgate.language import sentence

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
"""Names under which Chromium and its kin are installed; the first that is there is used."""

HEADLESS = (
    # The page is ours and loads nothing; in a container, or as root, there is no sandbox to have.
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

_PATIENCE = 120
"""Seconds."""


def find_browser() -> str:
    """The browser that prints.

    Raises:
        ToolError: there is none.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise ToolError(
            "a PDF is printed by Chromium, and there is none here",
            todo="install the package chromium, or leave out --pdf and print shadow.html yourself",
        )
    return found


def print_pdf(page: Path, target: Path) -> None:
    """Print a page.

    Args:
        page: ``shadow.html``, written to its end.
        target: the PDF; what is there is replaced.

    Raises:
        ToolError: there is no browser, or it did not print.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="shadowgate-pdf-") as folder:
        printed = Path(folder) / "shadow.pdf"
        command = [
            *(browser, *HEADLESS, f"--user-data-dir={folder}/profile"),
            *("--no-pdf-header-footer", f"--print-to-pdf={printed}", page.resolve().as_uri()),
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise ToolError(
                sentence("{name} was not printed: {problem}", name=page.name, problem=problem)
            ) from problem
        if not printed.is_file():
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise ToolError(
                sentence("{name} was not printed by {browser}", name=page.name, browser=browser),
                where=said,
            )
        shutil.move(printed, target)
