"""``shadow.json`` and its schema."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowgate.evidence import Evidence
from shadowgate.report import json_schema, to_json, write_json
from shadowgate.report.redact import redacted_text
from tests.selftest.report import strategies as report_strategies
from tests.selftest.report.samples import go_sample, no_go_sample, quick_sample, with_check

SAMPLES = (go_sample, no_go_sample, quick_sample)


def validate(document: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(json_schema()).validate(document)


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_run_satisfies_the_schema(sample: Any) -> None:
    validate(to_json(sample()))


@given(report_strategies.evidence)
@settings(max_examples=60, deadline=None)
def test_any_evidence_satisfies_the_schema_and_is_strict_json(evidence: Evidence) -> None:
    document = to_json(evidence)
    validate(document)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_schema_refuses_what_the_contract_does_not_know() -> None:
    for path, value in (
        (("verdict",), "MAYBE"),
        (("checks", 0, "status"), "green"),
        (("checks", 0, "phase"), 11),
        (("queries", "Q5", "verdict"), "fine"),
        (("queries", "Q5", "pairs_ms", 0), [1.0]),
        (("seconds",), "long"),
    ):
        document: Any = to_json(go_sample())
        *way, last = path
        place = document
        for step in way:
            place = place[step]
        place[last] = value
        with pytest.raises(jsonschema.ValidationError):
            validate(document)


def test_every_key_of_the_contract_is_required() -> None:
    whole = to_json(go_sample())
    for key in whole.keys() - {"translations"}:  # added later: earlier documents have none
        with pytest.raises(jsonschema.ValidationError):
            validate({name: value for name, value in whole.items() if name != key})


def documented(schema: dict[str, Any], part: str) -> Iterator[str]:
    holder = schema if part == "top" else schema["$defs"][part]
    yield from holder["properties"]


def test_every_written_key_is_documented_and_every_documented_key_is_written() -> None:
    document, schema = to_json(go_sample()), json_schema()
    parts = {
        "top": document,
        "check": document["checks"][0],
        "query": document["queries"]["Q5"],
        "timing": document["queries"]["Q5"]["before"],
        "table": next(c["tables"][0] for c in document["checks"] if c["tables"]),
        "difference": next(c["differences"][0] for c in document["checks"] if c["differences"]),
    }
    for part, written in parts.items():
        assert set(documented(schema, part)) == set(written), part


def test_the_contract_is_kept_to_the_letter() -> None:
    document = to_json(no_go_sample())
    assert document["schema"] == 1
    assert document["verdict"] == "NO-GO"
    assert document["quick"] is False
    failed = {c["id"]: c for c in document["checks"]}["migration.data_unchanged"]
    assert failed["phase"] == 5
    assert failed["status"] == "failed"
    assert failed["measured"] == {"lost": 1, "altered": 2}
    assert failed["limit"] == 0
    blocked = {c["id"]: c for c in document["checks"]}["rollback.reapplies"]
    assert (blocked["status"], blocked["blocked_by"]) == ("blocked", "rollback.clean")
    assert document["queries"]["Q9"]["verdict"] == "regressed"


def test_raw_pairs_are_written_and_drawings_are_not(tmp_path: Path) -> None:
    write_json(go_sample(), tmp_path / "shadow.json")
    text = (tmp_path / "shadow.json").read_text("utf-8")
    pairs = json.loads(text)["queries"]["Q5"]["pairs_ms"]
    assert pairs == [list(pair) for pair in go_sample().queries[4].pairs_ms]
    assert "<svg" not in text


def test_values_that_json_does_not_know_become_their_nearest_kin() -> None:
    odd = {
        "nan": float("nan"),
        "infinite": float("inf"),
        "numpy": np.float64(1.5),
        "count": np.int32(7),
        "day": dt.date(2026, 2, 13),
        "path": Path("a/b"),
        "set": {"b", "a"},
        "tuple": (1, 2),
    }
    evidence = with_check(go_sample(), "restore.rows", measured=odd)
    document = to_json(evidence)
    validate(document)
    measured = {c["id"]: c["measured"] for c in document["checks"]}["restore.rows"]
    assert measured == {
        "nan": None,
        "infinite": None,
        "numpy": 1.5,
        "count": 7,
        "day": "2026-02-13",
        "path": "a/b",
        "set": ["a", "b"],
        "tuple": [1, 2],
    }


def test_two_checks_of_one_id_are_refused() -> None:
    evidence = go_sample()
    doubled = dataclasses.replace(evidence, checks=(*evidence.checks, evidence.checks[0]))
    with pytest.raises(ValueError, match=r"environment\.server"):
        to_json(doubled)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "shadow.json"
    write_json(go_sample(), target)
    before = target.read_bytes()

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_json(no_go_sample(), target)
    assert target.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["shadow.json"]


def test_the_reports_folder_is_made(tmp_path: Path) -> None:
    write_json(go_sample(), tmp_path / "new" / "folder" / "shadow.json")
    assert json.loads((tmp_path / "new" / "folder" / "shadow.json").read_text("utf-8"))


@pytest.mark.parametrize(
    "told",
    [
        "postgresql://ana:s3cr3t@db.example/x",
        "password=s3cr3t host=x",
        "PGPASSWORD=s3cr3t psql",
        "connection to 'password = ''s3cr3t''' failed",
        "host=h password='s3cr3t with spaces' user=u",
        "postgresql://h/x?user=a&password=s3cr3t&sslmode=require",
    ],
)
def test_a_password_in_a_text_is_masked(told: str) -> None:
    assert "s3cr3t" not in redacted_text(told)


@pytest.mark.parametrize(
    "told",
    [
        "host=127.0.0.1 port=5432 user=postgres",
        "https://example.org/a:b@c",
        "password authentication failed for user ana",
        "ids 88120 and 88121 (catalogo_id exchanged)",
        "2026-02-06T20:00:00-03:00",
    ],
)
def test_text_without_a_password_is_left_alone(told: str) -> None:
    assert redacted_text(told) == told


def test_no_secret_reaches_the_file_whatever_holds_it() -> None:
    secret = "-".join(("hunter", "7531"))
    evidence = dataclasses.replace(
        go_sample(),
        server={"dsn": f"postgresql://u:{secret}@h/d", "settings": {"ssl_passphrase": secret}},
        plan={"title": "x", "server": {"password": secret}},
        reasons=(f"could not connect: password={secret}",),
    )
    evidence = with_check(
        evidence,
        "restore.rows",
        detail=f"tried postgres://u:{secret}@h",
        measured={"token": secret},
    )
    assert secret not in json.dumps(to_json(evidence))


@given(st.text(alphabet="abcdef0123456789-_.!$", min_size=4, max_size=20))
def test_any_password_in_a_url_is_masked(password: str) -> None:
    assert f":{password}@" not in redacted_text(
        f"see postgresql://user:{password}@host:5432/db now"
    )
