"""Hypothesis strategies for evidence, the unlikely included."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from shadowgate.evidence import (
    CheckResult,
    Evidence,
    QueryEvidence,
    QueryVerdict,
    Risk,
    Status,
    Table,
    Timing,
    Verdict,
)

texts = st.text(max_size=30)
names = st.text(
    st.characters(categories=("Ll", "Nd"), include_characters="._"), min_size=1, max_size=12
)
milliseconds = st.floats(min_value=0.001, max_value=1e6)
percents = st.one_of(st.none(), st.floats(min_value=-99.9, max_value=1e4), st.just(float("inf")))
measured = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=5,
)
timings = st.builds(
    Timing,
    rounds=st.integers(min_value=0, max_value=500),
    mean=milliseconds,
    median=milliseconds,
    minimum=milliseconds,
    maximum=milliseconds,
    p95=milliseconds,
)
tables = st.builds(
    Table,
    title=texts,
    columns=st.tuples(texts, texts),
    rows=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
)
checks = st.builds(
    CheckResult,
    id=names,
    phase=st.integers(min_value=1, max_value=10),
    status=st.sampled_from(get_args(Status)),
    claim=texts,
    measured=measured,
    limit=measured,
    detail=texts,
    required=st.booleans(),
    seconds=st.floats(min_value=0, max_value=1e4),
    blocked_by=st.one_of(st.none(), names),
    needless=st.booleans(),
    findings=st.lists(texts, max_size=5).map(tuple),
    follows=st.one_of(st.none(), names),
    where=texts,
    tables=st.lists(tables, max_size=2).map(tuple),
)
queries = st.builds(
    QueryEvidence,
    id=names,
    title=texts,
    kind=st.sampled_from(["read", "write"]),
    before=st.one_of(st.none(), timings),
    after=st.one_of(st.none(), timings),
    change_percent=st.one_of(st.none(), st.floats(min_value=-99.9, max_value=1e4)),
    low_percent=percents,
    high_percent=percents,
    verdict=st.sampled_from(get_args(QueryVerdict)),
    pairs_ms=st.lists(st.tuples(milliseconds, milliseconds), max_size=5).map(tuple),
    rows=st.one_of(st.none(), st.integers(min_value=0)),
    same_rows=st.one_of(st.none(), st.booleans()),
    witnesses=st.dictionaries(
        st.sampled_from(["before", "after"]), st.dictionaries(texts, measured, max_size=2)
    ),
    notes=st.lists(texts, max_size=2).map(tuple),
)
evidence = st.builds(
    Evidence,
    plan=st.dictionaries(names, measured, max_size=3),
    inputs=st.dictionaries(texts, texts, max_size=3),
    server=st.dictionaries(names, measured, max_size=3),
    started=st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    seconds=st.floats(min_value=0, max_value=1e5),
    checks=st.lists(checks, max_size=5, unique_by=lambda check: check.id).map(tuple),
    queries=st.lists(queries, max_size=3, unique_by=lambda query: query.id).map(tuple),
    quick=st.booleans(),
    verdict=st.sampled_from(get_args(Verdict)),
    risk=st.sampled_from(get_args(Risk)),
    reasons=st.lists(texts, max_size=3).map(tuple),
)
