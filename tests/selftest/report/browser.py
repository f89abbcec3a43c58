"""A real browser, as far as there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

from shadowgate.report.pdf import BROWSERS, HEADLESS

BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

DARK = "--blink-settings=preferredColorScheme=0"


def answer_of(page: Path, profile: Path, size: tuple[int, int], *options: str) -> Any:
    """Open a page in a window of a size; return the JSON that its script left in ``probe``."""
    done = _run(profile, size, *options, "--dump-dom", page.as_uri())
    seen = re.search(r'<pre id="probe">(.*?)</pre>', done, re.DOTALL)
    assert seen, "the probe did not run"
    answer: Any = json.loads(unescape(seen[1]))
    return answer


def picture_of(
    page: Path, target: Path, profile: Path, size: tuple[int, int], *options: str
) -> None:
    """Take a picture of a page in a window of a size."""
    _run(profile, size, "--hide-scrollbars", *options, f"--screenshot={target}", page.as_uri())


def _run(profile: Path, size: tuple[int, int], *options: str) -> str:
    width, height = size
    command = [str(BROWSER), *HEADLESS, f"--user-data-dir={profile}"]
    command += [f"--window-size={width},{height}", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
