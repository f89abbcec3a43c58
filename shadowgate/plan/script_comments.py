"""The words that a comment to shadowgate in a script can begin with, but for waivers.

Each is followed by a colon and a reason: ``-- shadowgate: irreversible: the old codes are gone``.
"""

from __future__ import annotations

import re

ANNOUNCE_PRIVILEGES = r"announce[ \t]+privileges"
"""Effects on privileges of the statement behind it are meant."""
IRREVERSIBLE = "irreversible"
"""There is no way back from the script."""

_WITH_REASON = re.compile(rf"(?:{ANNOUNCE_PRIVILEGES}|{IRREVERSIBLE})[ \t]*:\s*\S", re.IGNORECASE)


def says_something_else(comment: str) -> bool:
    """Tell whether a comment, behind ``shadowgate:``, is understood and no waiver."""
    return _WITH_REASON.match(comment.strip()) is not None
