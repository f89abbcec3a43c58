"""What checks cost by rows, told for a larger database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.costs import costs, main


def document(rows: int, seconds: dict[str, float]) -> dict[str, Any]:
    checks = [{"id": name, "seconds": value} for name, value in seconds.items()]
    return {"plan": {"generated_rows": rows}, "checks": checks}


DOCUMENTS = [
    document(rows, {"a.reads": rows / 1e5, "b.fixed": 2.0, "c.query.Q1": 1.0, "c.query.Q2": 1.5})
    for rows in (200_000, 20_000, 2_000_000)
]


def test_each_check_is_told_for_a_terabyte_the_costliest_first() -> None:
    head, _, *lines = costs(DOCUMENTS, 1_000)
    assert (
        head == "| check | 20,000 rows | 200,000 rows | 2,000,000 rows | 1 TB, 1,000,000,000 rows |"
    )
    assert lines == [
        "| `a.reads` | 0.2 s | 2.0 s | 20.0 s | 2 h 46 min |",
        "| `c.query` | 2.5 s | 2.5 s | 2.5 s | 2.5 s |",
        "| `b.fixed` | 2.0 s | 2.0 s | 2.0 s | 2.0 s |",
    ]


def test_it_reads_what_runs_have_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place, found in enumerate(DOCUMENTS):
        (tmp_path / str(place)).mkdir()
        (tmp_path / str(place) / "shadow.json").write_text(json.dumps(found), encoding="utf-8")
    assert main([str(tmp_path / str(place)) for place in range(3)]) == 0
    assert "`a.reads`" in capsys.readouterr().out
