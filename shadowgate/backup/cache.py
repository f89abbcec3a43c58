"""Where generated backups are kept between runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_directory() -> Path:
    """``$SHADOWGATE_CACHE``, or the user's cache folder of this platform. It may not exist yet."""
    named = os.environ.get("SHADOWGATE_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "shadowgate"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "shadowgate"
