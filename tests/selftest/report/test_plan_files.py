"""The plans that changed, as files that viewers of plans read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from shadowgate.evidence import Evidence
from shadowgate.report import summary, to_json, write_plans
from tests.selftest.report.samples import go_sample


def with_plans(name: str, filter_: str = "x > 1") -> Evidence:
    """A run whose first query has the plans of Q5, which changed, under another name."""
    plans = {
        side: ({"Plan": {"Node Type": "Seq Scan", "Filter": filter_}},)
        for side in ("before", "after")
    }
    sample = go_sample()
    changed = next(query for query in sample.queries if query.id == "Q5")
    same = next(query for query in sample.queries if query.id == "Q1")
    return dataclasses.replace(
        sample,
        queries=(
            dataclasses.replace(changed, id=name, plans=plans),
            dataclasses.replace(same, plans=plans),
        ),
    )


def test_only_plans_that_changed_are_written_and_linked(tmp_path: Path) -> None:
    evidence = with_plans("Q5")
    write_plans(evidence, tmp_path)
    assert {each.name for each in (tmp_path / "plans").iterdir()} == {
        "Q5.before.json",
        "Q5.after.json",
    }
    (document,) = json.loads((tmp_path / "plans" / "Q5.after.json").read_text("utf-8"))
    assert document["Plan"]["Node Type"] == "Seq Scan"
    page = summary(evidence)
    assert 'href="plans/Q5.before.json"' in page
    assert "plans/Q1" not in page
    assert "Node Type" not in json.dumps(to_json(evidence))


def test_without_plans_there_are_no_files_and_no_links(tmp_path: Path) -> None:
    write_plans(go_sample(), tmp_path)
    assert not (tmp_path / "plans").exists()
    assert 'href="plans/' not in summary(go_sample())


def test_those_of_an_earlier_run_are_taken_away_and_nothing_else(tmp_path: Path) -> None:
    write_plans(with_plans("Q9"), tmp_path)
    (tmp_path / "plans" / "mine.json").write_text("{}")
    write_plans(with_plans("Q5"), tmp_path)
    assert {each.name for each in (tmp_path / "plans").iterdir()} == {
        "Q5.before.json",
        "Q5.after.json",
        "mine.json",
    }


def test_a_name_stays_in_the_folder_and_a_password_out(tmp_path: Path) -> None:
    write_plans(with_plans("../a b", "url = 'postgresql://u:s3cr3t@h/d'"), tmp_path)
    written = list(tmp_path.rglob("*.json"))
    assert {each.parent.name for each in written} == {"plans"}
    assert all("s3cr3t" not in each.read_text("utf-8") for each in written)
    assert 'href="plans/.._a_b.before.json"' in summary(with_plans("../a b"))
