"""Lanes share out what there is to time, each job once, and work at the same time."""

from __future__ import annotations

import os
import random
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.measure import Sampling
from shadowgate.measure.clock import Measurement
from shadowgate.measure.copies import fresh_copy
from shadowgate.measure.lanes import (
    are_seen,
    assign_lanes,
    open_lanes,
    possible_lanes,
    share_evenly,
    share_out,
    time_round,
    warm_up,
)
from shadowgate.measure.rounds import TimedSession, undisturbed
from shadowgate.measure.sides import crowding, open_sides
from shadowgate.progress import silent
from shadowgate.queries import Query, Workload
from shadowgate.server import Database

READ = Query("Q1", "read", "read", "SELECT sum(n) FROM generate_series(1, 1000) AS n", Path("r"))
OTHER = replace(READ, id="Q2")
WRITE = Query("W1", "write", "write", "INSERT INTO note VALUES (1)", Path("w"))

two_cores = pytest.mark.skipif(
    sys.platform != "linux" or possible_lanes() < 2,
    reason="two lanes take two cores that a process can be bound to",
)


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 4))
def test_every_job_is_done_once_in_a_lane_that_it_fits(jobs: list[int], lanes: int) -> None:
    done: list[tuple[int, int]] = []
    share_out(
        jobs,
        range(lanes),
        lambda lane, job: done.append((lane, job)),
        fits=lambda lane, job: lane == 0 or job < 5,
    )
    assert Counter(job for _, job in done) == Counter(jobs)
    assert all(lane == 0 for lane, job in done if job >= 5)


def test_lanes_work_at_the_same_time() -> None:
    meeting = threading.Barrier(2)

    def meet(_lane: str, _job: int) -> None:
        meeting.wait(timeout=10)

    share_out([1, 2], ["one", "other"], meet)
    assert not meeting.broken


def test_a_single_lane_works_in_the_callers_thread_and_in_order() -> None:
    done: list[tuple[int, int]] = []
    share_out([3, 1, 2], [0], lambda _, job: done.append((threading.get_ident(), job)))
    assert done == [(threading.get_ident(), job) for job in (3, 1, 2)]


@pytest.mark.parametrize("lanes", [1, 2])
def test_no_job_is_begun_after_the_end(lanes: int) -> None:
    done: list[int] = []
    share_out(range(100), range(lanes), lambda _, job: done.append(job), stop=lambda: len(done) > 4)
    assert 5 <= len(done) <= 4 + lanes


@pytest.mark.parametrize("lanes", [1, 2])
def test_what_fails_in_a_lane_ends_the_others_and_is_raised(lanes: int) -> None:
    done: list[int] = []

    def work(_lane: int, job: int) -> None:
        if job == 3:
            raise ValueError("job 3")
        time.sleep(0.01)
        done.append(job)

    with pytest.raises(ValueError, match="job 3"):
        share_out(range(100), range(lanes), work)
    assert len(done) < 10


def drawn(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - an order, not a secret


@pytest.fixture
def noted(plain: Database) -> Database:
    with plain.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS note; CREATE TABLE note (n integer)")
    return plain


def test_a_round_asks_everything_once_everywhere(noted: Database) -> None:
    asked: list[tuple[int, str]] = []

    def form(place: int, query: Query) -> Query:
        asked.append((place, query.id))
        return query

    with (
        fresh_copy(noted) as one,
        fresh_copy(noted) as other,
        open_lanes([one, other], Sampling()) as lanes,
    ):
        lane_of = share_evenly({"Q1": 1.0, "Q2": 1.0, "W1": 1.0}, len(lanes))
        taken = time_round(lanes, [READ, OTHER, WRITE], form, drawn(1), [0, 1], lane_of)
        only = time_round(lanes, [READ], form, drawn(1), [1], lane_of)
    assert sorted(asked[:6]) == [(place, id_) for place in (0, 1) for id_ in ("Q1", "Q2", "W1")]
    assert all(sorted(seconds) == [0, 1] for seconds in taken.values())
    assert sorted(taken) == ["Q1", "Q2", "W1"]
    assert all(value > 0 for seconds in taken.values() for value in seconds.values())
    assert list(only["Q1"]) == [1]


@two_cores
def test_each_lane_has_a_core_of_its_own(noted: Database) -> None:
    with fresh_copy(noted) as copy, open_lanes([copy], Sampling()) as lanes:
        if not are_seen(lanes[0]):
            pytest.skip("the server's processes are not seen from here")
        processes = [lane[0].process for lane in lanes]
        of_old = [os.sched_getaffinity(process or 0) for process in processes]
        with undisturbed(*lanes):
            bound = [os.sched_getaffinity(process or 0) for process in processes]
        assert [os.sched_getaffinity(process or 0) for process in processes] == of_old
    assert len(set(processes)) == 2
    assert all(len(cores) == 1 for cores in bound)
    assert bound[0] != bound[1]


def test_of_writes_to_one_database_there_is_one_at_a_time(noted: Database) -> None:
    alone = "LOCK TABLE note IN ACCESS EXCLUSIVE MODE NOWAIT; SELECT pg_sleep(0.01)"
    writes = [replace(WRITE, id=f"W{number}", sql=alone) for number in range(4)]
    with fresh_copy(noted) as copy, open_lanes([copy], Sampling()) as lanes:
        lane_of = share_evenly({query.id: 1.0 for query in writes}, len(lanes))
        for number in range(3):
            time_round(lanes, writes, lambda _, query: query, drawn(number), [0], lane_of)


@given(
    st.dictionaries(st.text(max_size=3), st.floats(0.0, 1e3), min_size=1, max_size=12),
    st.integers(1, 4),
)
def test_lanes_differ_by_no_more_than_the_longest_query(
    seconds: dict[str, float], lanes: int
) -> None:
    lane_of = share_evenly(seconds, lanes)
    assert set(lane_of) == set(seconds)
    busy = [sum(seconds[id_] for id_ in lane_of if lane_of[id_] == lane) for lane in range(lanes)]
    assert max(busy) - min(busy) <= max(seconds.values()) * (1 + 1e-9)


def test_the_longest_query_is_given_a_lane_first() -> None:
    assert share_evenly({"Q1": 2, "Q2": 3, "Q3": 1, "Q4": 4}, 2) == {
        "Q4": 0,
        "Q2": 1,
        "Q1": 1,
        "Q3": 0,
    }


def test_reads_and_writes_are_shared_out_by_themselves() -> None:
    lane_of = assign_lanes([READ, WRITE, OTHER], {"Q1": 1.0, "Q2": 2.0, "W1": 9.0}, 2)
    assert lane_of == {"Q2": 0, "Q1": 1, "W1": 0}
    assert sorted(assign_lanes([READ, OTHER], {}, 2).values()) == [0, 1]


def test_a_query_is_warmed_up_where_it_is_timed(
    noted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[tuple[int, str]] = []

    def noting(session: TimedSession, query: Query) -> Measurement:
        executed.append((session.connection.info.backend_pid, query.id))
        return time_(session, query)

    time_ = TimedSession.time
    monkeypatch.setattr(TimedSession, "time", noting)
    queries = [READ, OTHER, WRITE]
    with fresh_copy(noted) as copy, open_lanes([copy], Sampling()) as lanes:
        sessions = [lane[0].connection.info.backend_pid for lane in lanes]
        lane_of = assign_lanes(queries, {}, len(lanes))
        warm_up(lanes, lambda _: queries, lane_of)
        warm = sorted(executed)
        time_round(lanes, queries, lambda _, query: query, drawn(1), [0], lane_of)
    assert warm == sorted((sessions[lane], id_) for id_, lane in lane_of.items())
    assert sorted(executed) == sorted(2 * warm)


@two_cores
def test_both_sides_of_a_lane_share_its_core_and_no_copy_is_in_two(noted: Database) -> None:
    workload = Workload((READ, WRITE))
    sampling = Sampling(copies=2)
    with open_sides((noted, noted), workload, sampling, fresh_copy, silent) as sides:
        if not all(map(are_seen, sides.sessions)):
            pytest.skip("the server's processes are not seen from here")
        with undisturbed(*sides.sessions):
            bound = [
                {tuple(os.sched_getaffinity(session.process or 0)) for session in sessions}
                for sessions in sides.sessions
            ]
        names = [session.database.name for sessions in sides.sessions for session in sessions]
        counts = [(len(lane.before.readers), len(lane.before.writers)) for lane in sides.lanes]
    assert [len(cores) for cores in bound] == [1, 1]
    assert bound[0] != bound[1]
    assert len(set(names)) == len(names) == 6
    assert counts == [(1, 1), (1, 0)]


def test_where_processes_are_not_seen_there_is_one_lane(
    noted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shadowgate.measure.rounds.find_process", lambda *_: None)
    with fresh_copy(noted) as copy, open_lanes([copy], Sampling()) as lanes:
        assert len(lanes) == 1
    with open_sides(
        (noted, noted), Workload((READ, WRITE)), Sampling(copies=2), fresh_copy, silent
    ) as sides:
        assert len(sides.lanes) == 1
        assert len(sides.lanes[0].before.readers) == 2
        taken = sides.measure([("Q1", "before"), ("W1", "after")], lambda: False)
    assert sorted(query for query, _ in taken) == ["Q1", "W1"]


def test_copies_that_the_cache_does_not_hold_are_told(plain: Database) -> None:
    assert crowding([plain]) == ""
    many = [plain] * 100_000  # the size of each counts
    assert re.fullmatch(r"the copies take \d+\.\d [GT]B and the shared buffers .*", crowding(many))
