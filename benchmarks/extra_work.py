"""Real extra work, put into a database: a query there computes more, nothing is multiplied later.

Every query is wrapped so that it also calls ``bench_work`` with its own id. How many steps that
computes stands in a table of the database, so both sides run the same text and differ in their
data only. The work is arithmetic in the server, so it suffers the noise that the query suffers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from shadowgate.measure import Sampling
from shadowgate.measure.copies import fresh_copy
from shadowgate.measure.rounds import timed_session, undisturbed
from shadowgate.measure.sampler import Pair
from shadowgate.measure.session import visit
from shadowgate.queries import Query, Workload
from shadowgate.server import Database
from shadowgate.statistics.intervals import effects, pseudo_median

INSTALL = """
CREATE TABLE bench_steps (
    query text PRIMARY KEY,
    steps bigint NOT NULL
);
CREATE FUNCTION bench_work(id text) RETURNS double precision
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    total double precision := 0;
BEGIN
    FOR n IN 1..coalesce((SELECT steps FROM bench_steps WHERE query = id), 0) LOOP
        total := total + sqrt(n);
    END LOOP;
    RETURN total;
END;
$$;
"""

CALIBRATION_COPIES = 4
CALIBRATION_ROUNDS = 12
FIRST_STEPS = 400_000.0


def install(database: Database) -> None:
    """Create what the wrapped queries call."""
    with database.connect() as connection:
        connection.execute(INSTALL.encode())


def wrap(workload: Workload) -> Workload:
    """The reading queries, each with its extra work."""
    return Workload(tuple(_wrap(query) for query in workload.reads))


def _wrap(query: Query) -> Query:
    inner = query.sql.rstrip().rstrip(";")
    text = (
        f"WITH extra AS MATERIALIZED (SELECT bench_work('{query.id}') AS total)\n"  # noqa: S608
        f"SELECT q.* FROM (\n{inner}\n) AS q CROSS JOIN extra WHERE extra.total >= 0"
    )
    return replace(query, sql=text)


def set_steps(database: Database, steps: Mapping[str, int]) -> None:
    """Say how much extra work each query does in a database; none where it is not named."""
    with database.connect() as connection, connection.transaction():
        connection.execute("TRUNCATE bench_steps")
        for query, number in steps.items():
            connection.execute("INSERT INTO bench_steps VALUES (%s, %s)", (query, number))


def calibrate(database: Database, workload: Workload, sampling: Sampling) -> dict[str, float]:
    """Steps that take as long as each query does.

    Each query is timed without a step and with many, one right after the other, and the ratios of
    the pairs tell, as in a comparison: a slow phase of the machine meets both. A first round finds
    how many steps take about as long as the query, since few of them would be lost in its noise.
    All that is done in fresh copies, as the comparison does it: the database itself, into which the
    rows were inserted, is up to 15 % slower than its copies.

    Args:
        database: the database, settled, with nobody connected to it.
        workload: the wrapped queries.
        sampling: settings of the sessions.
    """
    steps = {query.id: FIRST_STEPS for query in workload.queries}
    with fresh_copy(database) as copy:
        steps = _refined(steps, _pairs(copy, workload, sampling, steps))
    pairs: dict[str, list[Pair]] = {query.id: [] for query in workload.queries}
    for _ in range(CALIBRATION_COPIES):
        with fresh_copy(database) as copy:
            for query, taken in _pairs(copy, workload, sampling, steps).items():
                pairs[query] += taken
    return _refined(steps, pairs)


def _refined(steps: Mapping[str, float], pairs: Mapping[str, Sequence[Pair]]) -> dict[str, float]:
    """Steps that take as long as each query, from its pairs without and with some."""
    return {
        query: steps[query] / math.expm1(pseudo_median(effects(taken)))
        for query, taken in pairs.items()
    }


def _pairs(
    database: Database, workload: Workload, sampling: Sampling, steps: Mapping[str, float]
) -> dict[str, list[Pair]]:
    """The seconds of each query without and with its steps, after a warm-up."""
    visit(database)
    pairs: dict[str, list[Pair]] = {query.id: [] for query in workload.queries}
    with timed_session(database, sampling) as session, undisturbed([session]):
        for number in range(CALIBRATION_ROUNDS + 1):
            for query in workload.queries:
                set_steps(database, {})
                without = session.time(query).net
                set_steps(database, {query.id: round(steps[query.id])})
                pair = (without, session.time(query).net)
                if number > 0:
                    pairs[query.id].append(pair)
    return pairs
