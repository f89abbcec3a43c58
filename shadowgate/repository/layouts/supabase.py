"""Supabase: supabase/migrations, a timestamp each; there is no way back but one kept beside."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from shadowgate.plan.derived import BACK_FOLDERS
from shadowgate.repository.layouts.layout import Layout
from shadowgate.repository.layouts.plain import reader

_NAME = re.compile(r"\d+_.*\.sql")


def told_by(path: PurePosixPath) -> bool:
    """Whether a file lies where Supabase's command line looks for it."""
    return path.parts[-3:-1] == ("supabase", "migrations") and bool(_NAME.fullmatch(path.name))


LAYOUT = Layout("supabase", told_by, "", reader("where possible"), beside=BACK_FOLDERS)
"""A file is sent with the row of the history in one transaction; what must run alone is apart."""
