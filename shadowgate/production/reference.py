"""What each statement took in production, by ``pg_stat_statements``: read, kept and compared.

A reference is the view's totals at one moment. What was called since is the difference to a later
moment; its mean is held against the mean up to the reference. The view keeps sums of squares as
well, so both means have their intervals, and too few calls are told as such.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cattrs
from psycopg import sql
from scipy.stats import norm

from shadowgate.errors import ServerError, UsageError
from shadowgate.language import sentence
from shadowgate.production.answers import Line, not_answered
from shadowgate.production.session import NotAnsweredError, ReadOnlySession
from shadowgate.report.json_file import write_document
from shadowgate.report.redact import data_without_secrets
from shadowgate.report.words import milliseconds, percent

TOPIC = "latencies"
SCHEMA = 1

FEWEST_CALLS = 30
"""Of fewer calls a mean's interval is not known well enough to judge by."""

ERROR_RATE = 0.01
"""How often all intervals together may miss, so that a query seems slower by chance."""

FLOOR_MS = 0.5
"""Nobody waits for less than this, whatever share of a short query it is."""


@dataclass(frozen=True)
class Totals:
    """What one statement took so far, all who called it together."""

    id: str
    """Hash of its text: ``queryid`` changes with a table that is made anew."""
    text: str
    """Its beginning, constants left out."""
    calls: int
    total_ms: float
    squares_ms2: float
    """Sum of the squares of its times."""

    @property
    def mean_ms(self) -> float:
        """Mean time of a call."""
        return self.total_ms / self.calls

    @property
    def error(self) -> float:
        """Standard error of the logarithm of the mean."""
        variance = max(self.squares_ms2 / self.calls - self.mean_ms**2, 0.0)
        return math.sqrt(variance / self.calls) / self.mean_ms if self.mean_ms else 0.0


@dataclass(frozen=True)
class Reference:
    """The totals at one moment."""

    taken: str
    """ISO 8601 with offset, by the server's clock."""
    reset: str
    """When the totals were last set to zero."""
    database: str
    statements: tuple[Totals, ...]
    schema: int = SCHEMA


@dataclass(frozen=True)
class _Moment:
    taken: dt.datetime
    reset: dt.datetime
    database: str
    hidden: int


@dataclass(frozen=True)
class _Schema:
    name: str


_EXTENSION = """
SELECT n.nspname AS name
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
"""
_MOMENT = sql.SQL("""
SELECT
    clock_timestamp() AS taken,
    (SELECT stats_reset FROM {schema}.pg_stat_statements_info) AS reset,
    current_database() AS database,
    (SELECT count(*) FROM {schema}.pg_stat_statements WHERE queryid IS NULL) AS hidden
""")
_TOTALS = sql.SQL("""
SELECT
    md5(query) AS id,
    left(regexp_replace(min(query), '\\s+', ' ', 'g'), 80) AS text,
    sum(calls)::bigint AS calls,
    sum(total_exec_time) AS total_ms,
    sum(calls * (stddev_exec_time ^ 2 + mean_exec_time ^ 2)) AS squares_ms2
FROM {schema}.pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  -- Statements of other kinds may hold passwords in clear, and no plan.
  AND query ~* '^\\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\\M'
  AND queryid IS NOT NULL
GROUP BY md5(query)
HAVING sum(calls) > 0
ORDER BY 1
""")


def take_reference(session: ReadOnlySession) -> Reference:
    """Read the totals.

    Raises:
        NotAnsweredError: the view is not there, or the role may not see what others asked.
    """
    found = session.ask(_EXTENSION, _Schema)
    if not found:
        raise NotAnsweredError("pg_stat_statements is not installed in this database")
    schema = sql.Identifier(found[0].name)
    (moment,) = session.ask(_MOMENT.format(schema=schema), _Moment)
    if moment.hidden:
        raise NotAnsweredError("the role may not see what others asked: GRANT pg_monitor TO it")
    return Reference(
        taken=moment.taken.isoformat(timespec="seconds"),
        reset=moment.reset.isoformat(timespec="microseconds"),
        database=moment.database,
        statements=tuple(session.ask(_TOTALS.format(schema=schema), Totals)),
    )


def write_reference(session: ReadOnlySession, path: Path) -> Reference:
    """Take a reference and keep it.

    Raises:
        ServerError: the server does not tell.
        UsageError: the file cannot be written.
    """
    try:
        reference = take_reference(session)
    except NotAnsweredError as error:
        raise ServerError(
            "production does not tell what its statements take",
            where=error.what,
            todo="CREATE EXTENSION pg_stat_statements, and name a member of pg_monitor",
        ) from None
    try:
        write_document(data_without_secrets(dataclasses.asdict(reference)), path)
    except OSError as error:
        raise UsageError(
            sentence("{path} cannot be written: {reason}", path=path, reason=error.strerror)
        ) from None
    return reference


def read_reference(path: Path) -> Reference:
    """Read a reference.

    Raises:
        UsageError: it is not there, or is none.
    """
    try:
        reference = cattrs.structure(json.loads(path.read_text(encoding="utf-8")), Reference)
        dt.datetime.fromisoformat(reference.taken)
    except FileNotFoundError:
        raise UsageError(
            sentence("there is no {path}", path=path),
            todo="take one before the stage: --take-reference FILE",
        ) from None
    except (OSError, ValueError, TypeError, AttributeError, cattrs.BaseValidationError):
        raise UsageError(
            sentence("{path} is not a reference", path=path),
            todo="take one before the stage: --take-reference FILE",
        ) from None
    if reference.schema != SCHEMA:
        raise UsageError(
            sentence(
                "{path} has version {schema}, known is {known}",
                path=path,
                schema=reference.schema,
                known=SCHEMA,
            )
        )
    return reference


def latency_lines(
    session: ReadOnlySession, reference: Reference, limit_percent: float
) -> list[Line]:
    """Hold what was called since a reference against it.

    Args:
        session: on the same database.
        reference: taken before the stage.
        limit_percent: by how much a query may get slower.
    """
    try:
        now = take_reference(session)
    except NotAnsweredError as error:
        return [not_answered(TOPIC, error)]
    return list(judge_latencies(reference, now, limit_percent))


def judge_latencies(reference: Reference, now: Reference, limit_percent: float) -> Iterator[Line]:
    """Which statements got slower, which did not, and of which nobody knows."""
    if (now.database, now.reset) != (reference.database, reference.reset):
        meaning = "the totals were reset, or are of another database: take a new reference"
        yield Line(TOPIC, "not comparable", f"since {reference.taken}", "not answered", meaning)
        return
    before = {each.id: each for each in reference.statements}
    called = [since for each in now.statements if (since := _since(each, before.get(each.id)))]
    judged = [
        (before[each.id], each)
        for each in called
        if each.id in before and min(each.calls, before[each.id].calls) >= FEWEST_CALLS
    ]
    effects = [_effect(old, new, limit_percent, len(judged)) for old, new in judged]
    slower = [each for each in effects if each.low_ms > each.allowed_ms]
    fine = [each for each in effects if each.high_ms <= each.allowed_ms]
    yield from (_slower(each, limit_percent) for each in slower)
    yield from _rest(slower, fine, called, f"{reference.taken} to {now.taken}")


def _since(now: Totals, before: Totals | None) -> Totals | None:
    """What was called since; the totals themselves where the reference has none."""
    if before is None or now.calls < before.calls:
        return now
    calls = now.calls - before.calls
    if calls == 0:
        return None
    return dataclasses.replace(
        now,
        calls=calls,
        total_ms=max(now.total_ms - before.total_ms, 0.0),
        squares_ms2=max(now.squares_ms2 - before.squares_ms2, 0.0),
    )


@dataclass(frozen=True)
class _Effect:
    """One statement before and since, with the interval of its mean since."""

    before: Totals
    since: Totals
    low_ms: float
    high_ms: float
    allowed_ms: float


def _effect(before: Totals, since: Totals, limit_percent: float, together: int) -> _Effect:
    reach = norm.ppf(1 - ERROR_RATE / (2 * max(together, 1)))
    factor = math.exp(float(reach) * math.hypot(before.error, since.error))
    allowed = max(before.mean_ms * (1 + limit_percent / 100), before.mean_ms + FLOOR_MS)
    return _Effect(before, since, since.mean_ms / factor, since.mean_ms * factor, allowed)


def _slower(effect: _Effect, limit_percent: float) -> Line:
    change = (effect.since.mean_ms / effect.before.mean_ms - 1) * 100
    return Line(
        f"query {effect.since.text[:40]}",
        f"{milliseconds(effect.since.mean_ms)} ({effect.since.calls:,} calls), {percent(change)}",
        f"{milliseconds(effect.before.mean_ms)}, at most {percent(limit_percent)}",
        "stop",
        f"at least {milliseconds(effect.low_ms)}: roll back at once",
    )


def _rest(
    slower: Sequence[_Effect], fine: Sequence[_Effect], called: Iterable[Totals], interval: str
) -> Iterator[Line]:
    known = {each.since.id for each in (*slower, *fine)}
    others = [each for each in called if each.id not in known]
    if fine:
        yield Line(TOPIC, f"not slower: {len(fine)} of {len(fine) + len(slower)} judged", interval)
    if others:
        calls = sum(each.calls for each in others)
        said = f"not enough calls; queries: {len(others)}, calls: {calls:,}"
        yield Line(TOPIC, said, interval, "note", "nothing is known of them yet: ask again later")
    if not fine and not slower:
        meaning = "no query can be judged: ask again when there was more traffic"
        yield Line(TOPIC, "not enough calls", interval, "not answered", meaning)
