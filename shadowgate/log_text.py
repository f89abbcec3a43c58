"""Text for a terminal that may be the log of a job."""

from __future__ import annotations

import re

_ZERO_WIDTH = "\u200b"
_COMMAND = re.compile(r"(?m)^(?P<before>[^\S\n]*):(?=:)|(?P<old>##)(?=\[)")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Whatever moves the cursor, begins an escape sequence, or is taken for a new line."""


def log_text(text: str) -> str:
    """A text that no runner takes for its commands, and no terminal for escape sequences.

    GitHub reads commands off every line that begins with ``::``, whoever wrote it, and off
    ``##[`` anywhere.
    """
    return _COMMAND.sub(_parted, _CONTROLS.sub("\ufffd", text.replace("\r\n", "\n")))


def _parted(found: re.Match[str]) -> str:
    return f"{found[0]}{_ZERO_WIDTH}"
