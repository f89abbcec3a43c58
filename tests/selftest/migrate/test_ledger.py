"""Snapshots of locks become spans that hold whatever was seen, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shadowgate.migrate.lock_intervals import LockKey, LockLedger

KEYS: st.SearchStrategy[LockKey] = st.tuples(
    st.sampled_from([1, 2]), st.sampled_from(["ShareLock", "AccessExclusiveLock"])
)
SNAPSHOTS = st.lists(st.frozensets(KEYS, max_size=4), max_size=12)


@given(SNAPSHOTS)
def test_every_sighting_lies_in_exactly_one_span_of_its_lock(
    snapshots: list[frozenset[LockKey]],
) -> None:
    ledger = LockLedger()
    for number, seen in enumerate(snapshots, start=1):
        ledger.note(seen, began=number, ended=number, statement=number)
    spans = ledger.finish(len(snapshots) + 1)
    for number, seen in enumerate(snapshots, start=1):
        covering = [
            (span.relation, span.mode) for span in spans if span.since < number < span.until
        ]
        assert sorted(covering) == sorted(seen)


@given(SNAPSHOTS)
def test_a_span_belongs_to_the_statement_that_ran_when_it_was_first_seen(
    snapshots: list[frozenset[LockKey]],
) -> None:
    ledger = LockLedger()
    for number, seen in enumerate(snapshots, start=1):
        ledger.note(seen, began=number, ended=number, statement=number * 10)
    for span in ledger.finish(len(snapshots) + 1):
        assert span.statement == (span.since + 1) * 10
        key = (span.relation, span.mode)
        assert key in snapshots[span.statement // 10 - 1]


def test_a_lock_given_back_and_taken_again_is_two_spans() -> None:
    ledger = LockLedger()
    lock = (7, "ShareLock")
    for at, seen in ((1.0, [lock]), (2.0, []), (3.0, [lock])):
        ledger.note(seen, began=at, ended=at + 0.1, statement=1)
    assert [(span.since, span.until) for span in ledger.finish(4.0)] == [(0.0, 2.1), (2.0, 4.0)]
