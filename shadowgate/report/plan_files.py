"""``plans/``: the plans that changed, before and after, as the server wrote them.

Viewers of plans, such as PEV2 and pgAdmin, read them: JSON of ``EXPLAIN (ANALYZE, FORMAT JSON)``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from shadowgate.evidence import Evidence, QueryEvidence
from shadowgate.report.plans import plan_pairs
from shadowgate.report.redact import data_without_secrets

FOLDER = "plans"
SIDES = ("before", "after")


def plan_links(query: QueryEvidence) -> Mapping[str, str]:
    """Side -> address of its file from the page; empty where a side has no plan."""
    if not all(query.plans.get(side) for side in SIDES):
        return {}
    return {side: quote(f"{FOLDER}/{_name(query, side)}") for side in SIDES}


def write_plans(evidence: Evidence, reports: Path) -> None:
    """Write the plans that changed into a folder beside the report, and take away older ones.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = reports / FOLDER
    for side in SIDES:
        for old in folder.glob(f"*.{side}.json"):
            old.unlink()
    changed = [pair.query for pair in plan_pairs(evidence.queries) if pair.changed]
    for query in (each for each in changed if plan_links(each)):
        folder.mkdir(parents=True, exist_ok=True)
        for side in SIDES:
            documents = data_without_secrets(list(query.plans[side]))
            text = json.dumps(documents, indent=2, ensure_ascii=False)
            (folder / _name(query, side)).write_text(f"{text}\n", "utf-8")


def _name(query: QueryEvidence, side: str) -> str:
    kept = "".join(each if each.isalnum() or each in "-_." else "_" for each in query.id)
    return f"{kept}.{side}.json"
