"""Work that no verdict times, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")


def all_at_once(work: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
    """Do for several items, on as many cores as there are, what no verdict times.

    Each item must have a session of its own. If one fails, the others come to their end first.

    Args:
        work: what to do for each.
        items: there may be none.
    """
    if not items:
        return []
    # Not map(), which cancels what has not begun once one fails: something would stay open.
    with ThreadPoolExecutor(min(len(items), os.cpu_count() or 1)) as threads:
        doing = [threads.submit(work, item) for item in items]
    return [done.result() for done in doing]
