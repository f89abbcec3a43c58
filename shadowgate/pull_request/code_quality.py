"""GitLab's code quality report: what a merge request shows beside the changed lines."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from shadowgate.pull_request.annotations import Annotation

_SEVERITIES = {"error": "blocker", "warning": "minor"}


def code_quality(annotations: Iterable[Annotation]) -> list[dict[str, Any]]:
    """Annotations as GitLab reads them; those that are about no file have no place there.

    The fingerprint tells a finding from the others and stays the same while it moves to another
    line, so that GitLab can say which of them are new.
    """
    met: Counter[tuple[str, str, str]] = Counter()
    entries = []
    for each in annotations:
        if not each.file:
            continue
        same = (each.file, each.title, each.message)
        met[same] += 1
        identity = "\0".join((*same, str(met[same])))
        entries.append(
            {
                "description": each.message,
                "check_name": each.title,
                "fingerprint": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest(),
                "severity": _SEVERITIES[each.level],
                "location": {"path": each.file, "lines": {"begin": max(each.line, 1)}},
            }
        )
    return entries
