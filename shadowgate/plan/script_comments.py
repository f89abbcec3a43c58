"""The words that a comment to shadowgate in a script can begin with, but for waivers.

Each is followed by a colon and a reason: ``-- shadowgate: irreversible: the old codes are gone``.
"""

from __future__ import annotations

import re

ANNOUNCE_PRIVILEGES = r"announce[ \t]+privileges"
"""Effects on privileges of the statement behind it are meant."""
IRREVERSIBLE = "irreversible"
"""There is no way back from the script."""

OF_FILES = (
    *("edited-migration", "removed-migration", "duplicate-version", "out-of-order"),
    *("batch-rollback", "not-sql"),
)
"""Rules about a migration's file and its place among others, not about what its statements do."""

_ALLOW_OF_FILES = rf"allow[ \t]+(?:{'|'.join(OF_FILES)})"
_WITH_REASON = re.compile(
    rf"(?:{ANNOUNCE_PRIVILEGES}|{IRREVERSIBLE}|{_ALLOW_OF_FILES})[ \t]*:\s*\S", re.IGNORECASE
)


def says_something_else(comment: str) -> bool:
    """Tell whether a comment behind ``shadowgate:`` is understood and waives nothing in a run."""
    return _WITH_REASON.match(comment.strip()) is not None


def accepted(rule: str, text: str) -> str:
    """The reason for which a file accepts a finding of :data:`OF_FILES`; empty if it does not.

    The comment is one of SQL's or, where a migration is a program, of Python's.
    """
    allow = rf"shadowgate[ \t]*:[ \t]*allow[ \t]+{rule}[ \t]*:[ \t]*(\S.*?)"
    said = re.search(rf"^[ \t]*(?:--|#)[ \t]*{allow}[ \t\r]*$", text, re.IGNORECASE | re.MULTILINE)
    return said[1] if said else ""
