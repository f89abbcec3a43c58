"""What a script did, statement by statement: the evidence that checks and hazards are built on.

Times are seconds since the run began, on the monotonic clock of this process; ``origin`` of the
run is that clock's value then, so that other records of the same process can be laid beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shadowgate.errors import MigrationError
from shadowgate.evidence import Table, shown_path
from shadowgate.language import nsentence, sentence
from shadowgate.migrate.lock_intervals import LockSpan
from shadowgate.migrate.planner_statistics import StatisticsGap
from shadowgate.migrate.script import Script, Statement

APPLICATION_NAME = "shadowgate migration"
"""Of the migrating session, by which other sessions know it in ``pg_stat_activity``."""
QUERY_CANCELED = "57014"
STOPS_READERS = frozenset({"AccessExclusiveLock"})
"""Lock modes that conflict with SELECT."""
STOPS_WRITERS = STOPS_READERS | {"ExclusiveLock", "ShareRowExclusiveLock", "ShareLock"}
"""Lock modes that conflict with INSERT, UPDATE and DELETE."""

_IDENTIFIER = re.compile(r'"(?:[^"]|"")*"|[^".]+')
_LISTED_LOCKS = 40
_OF_THE_LOG = ("LOG", "DEBUG")
"""Severities of lines of the server's log: not meant for who runs the script."""


@dataclass(frozen=True)
class Notice:
    """A message that the server sent while a statement ran."""

    severity: str
    """``NOTICE``, ``WARNING`` … as the server writes it untranslated."""
    message: str
    sqlstate: str
    context: str = ""
    """The stack of functions it came from; empty at the top level."""


@dataclass(frozen=True)
class Relation:
    """A relation of the database, as it stood before the script or after a statement."""

    oid: int
    name: str
    """With its schema, but for ``public``."""
    kind: str
    """``pg_class.relkind``."""
    filenode: int
    size: int = 0
    """Bytes of its main fork and its partitions'; taken before the script only."""
    reads: frozenset[str] = frozenset()
    """For a view, the relations that it is made of, by name; taken before the script only."""

    @property
    def schema(self) -> str:
        """Its schema, without quotes."""
        return self._identifiers()[-2]

    @property
    def bare(self) -> str:
        """Its name alone, without quotes, as messages of the server have it."""
        return self._identifiers()[-1]

    def _identifiers(self) -> list[str]:
        found: list[str] = _IDENTIFIER.findall(f"public.{self.name}")
        return [word[1:-1].replace('""', '"') if word[0] == '"' else word for word in found]


@dataclass(frozen=True, order=True)
class Pitfall:
    """An object whose definition is a known hazard, as ``pitfalls.sql`` finds them."""

    rule: str
    """Id of the hazard."""
    object: str
    """The object, in words: ``column a.b``."""
    detail: str
    """What is wrong with it."""
    identity: str = ""
    """What it is whatever its name; for routines with a hash, so that a replaced one is new."""


@dataclass(frozen=True)
class LockHeld:
    """A lock of one mode on one relation, from when to when.

    Seen by sampling, so both ends are bounds: it was taken at ``since`` at the earliest and given
    back at ``until`` at the latest; the truth lies within one sampling interval.
    """

    statement: int
    """Number of the statement that took it."""
    mode: str
    """As ``pg_locks`` spells it: ``AccessExclusiveLock``."""
    relation: str
    existed: bool
    """True if the relation was there before the script."""
    since: float
    until: float

    @property
    def seconds(self) -> float:
        """How long it was held, at most."""
        return self.until - self.since


@dataclass(frozen=True)
class LockAwaited(LockHeld):
    """A lock that the script had to wait for, queued in front of everyone who came later."""


@dataclass(frozen=True)
class RowsTouched:
    """Rows that a statement and everything it called wrote, of all tables but the catalogues."""

    inserted: int
    updated: int
    deleted: int
    others_included: bool = False
    """True if rows of other sessions are counted too: a statement that manages its own
    transactions can be told by the server's statistics only."""
    read: int = 0
    """Rows and index entries that it looked at; 0 if ``others_included``."""

    @property
    def total(self) -> int:
        """All that were written."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True)
class Failure:
    """Why a statement failed, as the server said it."""

    sqlstate: str
    message: str
    detail: str = ""
    hint: str = ""
    context: str = ""
    line: int = 0
    """Line of the script that the server pointed at; 0 if it pointed at none."""


@dataclass(frozen=True)
class StatementRun:
    """One statement, run once."""

    statement: Statement
    started: float
    ended: float
    notices: tuple[Notice, ...] = ()
    remarks: tuple[Notice, ...] = ()
    """What the server says of its own work: tables it scanned, indexes it built, errors caught."""
    rows: RowsTouched | None = None
    """``None`` where that cannot be known: before PostgreSQL 15, and if the run was not watched."""
    rewritten: tuple[str, ...] = ()
    """Tables that existed before the script and got a new file."""
    replaced: tuple[str, ...] = ()
    """Names of relations from before the script that another one bears when it has ended."""
    wal_bytes: int | None = None
    """Written by the whole server meanwhile, other sessions included; ``None`` if not watched."""
    lock_timeout_ms: int | None = None
    """In force when it ended; 0 means it would have waited for ever; ``None`` if not watched."""
    failure: Failure | None = None
    commit_seconds: float = 0.0
    """Of the COMMIT of its own transaction, deferred triggers included; 0 inside a block."""

    @property
    def seconds(self) -> float:
        """Time until the server answered, and of the COMMIT."""
        return self.ended - self.started + self.commit_seconds


@dataclass(frozen=True)
class Retry:
    """An attempt that ended in a lock timeout and was made again."""

    attempt: int
    statement: Statement
    started: float
    ended: float
    message: str


@dataclass(frozen=True)
class ScriptRun:
    """A whole script, run to its end or to its first error."""

    script: Script
    origin: float
    """``time.monotonic()`` when it began."""
    seconds: float
    runs: tuple[StatementRun, ...]
    committed: tuple[Statement, ...]
    """Statements whose work is permanent; all of them after a run without error."""
    retries: tuple[Retry, ...] = ()
    locks: tuple[LockHeld, ...] = ()
    awaited: tuple[LockAwaited, ...] = ()
    relations: tuple[Relation, ...] = ()
    """Relations that were there before the script; empty if the run was not watched."""
    gone: frozenset[str] = frozenset()
    """Names of those relations that nothing bears after it; empty if it was not watched."""
    pitfalls: tuple[Pitfall, ...] = ()
    """What the script brought into the catalogue and had better not; empty if not watched."""
    pitfalls_before: tuple[Pitfall, ...] = ()
    """What of that kind was there before it; empty if not watched."""
    rewritten_rows: tuple[tuple[str, int], ...] = ()
    """Tables that were rewritten and are there in the end, with their rows then, counted up to one
    more than :data:`~shadowgate.migrate.planner_statistics.MANY_ROWS`; empty if not watched."""
    statistics_gaps: tuple[StatisticsGap, ...] = ()
    """Tables of which the planner knows less than before; empty if not watched."""
    error: MigrationError | None = None
    pid: int = 0
    """Process ID of the server process that ran it; 0 for psql's."""
    applied_by: str = sentence("statement by statement")
    """Or why psql applied it as a whole."""

    @property
    def notices(self) -> tuple[tuple[StatementRun, Notice], ...]:
        """Every message with the statement that caused it."""
        return tuple((run, notice) for run in self.runs for notice in run.notices)

    @property
    def rewritten(self) -> tuple[str, ...]:
        """Tables rewritten, each once."""
        return tuple(dict.fromkeys(name for run in self.runs for name in run.rewritten))

    @property
    def busy_tables(self) -> tuple[Relation, ...]:
        """Tables that had rows before the script: those that traffic may be using."""
        return tuple(relation for relation in self.relations if relation.size > 0)

    @property
    def canceled(self) -> bool:
        """Whether its last statement took too long for somebody: it would do so again."""
        failure = self.runs[-1].failure if self.runs else None
        return failure is not None and failure.sqlstate == QUERY_CANCELED

    def raise_for_error(self) -> None:
        """Raise the error that ended the run, if one did.

        Raises:
            MigrationError: names file, line and statement, and says what was committed before.
        """
        if self.error is not None:
            raise self.error

    def tables(self) -> tuple[Table, ...]:
        """The run as tables of evidence: statements and, if it was watched, locks."""
        if not self.relations:
            return (_statement_table(self),)
        return (_statement_table(self), _lock_table(self))


def with_schema(relation: str) -> str:
    """Name a relation with its schema, given a name that leaves ``public`` out."""
    outside_of_quotes = "".join(relation.split('"')[::2])
    return relation if "." in outside_of_quotes else f"public.{relation}"


def spans_to_locks(
    held: Sequence[LockSpan], waited: Sequence[LockSpan], names: dict[int, str], before: set[int]
) -> tuple[tuple[LockHeld, ...], tuple[LockAwaited, ...]]:
    """Give the ledger's spans the names of their relations."""

    def fields(span: LockSpan) -> tuple[int, str, str, bool, float, float]:
        name = names.get(span.relation) or sentence("relation {oid} (gone)", oid=str(span.relation))
        return (span.statement, span.mode, name, span.relation in before, span.since, span.until)

    return (
        tuple(LockHeld(*fields(span)) for span in held),
        tuple(LockAwaited(*fields(span)) for span in waited),
    )


def error_of(script: Script, run: StatementRun, committed: Sequence[Statement]) -> MigrationError:
    """Say for people that a statement failed: where, why, and what is permanent by now."""
    failure, statement = run.failure, run.statement
    assert failure is not None  # noqa: S101  (only failed runs come here)
    line = failure.line or statement.line
    said = [f"{failure.message} (SQLSTATE {failure.sqlstate})"]
    said += [part for part in (failure.detail, failure.hint) if part]
    return MigrationError(
        sentence(
            "Statement {number} of {script} failed: {error}",
            number=statement.number,
            script=script.path.name,
            error=". ".join(said),
        ),
        where=sentence(
            "{script}, line {line}: {statement}",
            script=shown_path(script.path),
            line=line,
            statement=statement.excerpt,
        ),
        todo=_what_is_left(script, committed),
        at=(script.path, line),
        decided=not failure.sqlstate.startswith(_OF_THE_SERVER),
    )


_OF_THE_SERVER = ("08", "53100", "53300", "57P01", "57P02", "57P03", "58")
"""Beginnings of the SQLSTATEs that say nothing of a statement: the session was lost or ended, the
server shut down, crashed, had no disk space or connection left, or met an error of its system."""


def _what_is_left(script: Script, committed: Sequence[Statement]) -> str:
    total = len(script.statements)
    if not committed:
        return sentence("Nothing was committed: correct the statement and run the script again.")
    last = committed[-1]
    return nsentence(
        "{committed} of {n} statement is already committed (the last one: line {line}, {kind}): "
        "correct the statement, and make sure that the script can be run again from its beginning.",
        "{committed} of {n} statements are already committed (the last one: line {line}, {kind}): "
        "correct the statement, and make sure that the script can be run again from its beginning.",
        total,
        committed=len(committed),
        line=last.line,
        kind=last.kind,
    )


def _statement_table(run: ScriptRun) -> Table:
    columns = ("#", "line", "statement", "ms", "rows", "WAL kB", "rewritten", "notices")
    rows = tuple(
        (
            str(item.statement.number),
            str(item.statement.line),
            item.statement.excerpt,
            f"{item.seconds * 1000:.1f}",
            _say_rows(item.rows),
            "" if item.wal_bytes is None else f"{item.wal_bytes / 1024:.0f}",
            ", ".join(item.rewritten),
            _count_notices(item.notices),
        )
        for item in run.runs
    )
    values = {"script": run.script.path.name, "how": run.applied_by}
    title = (
        sentence("Statements of {script}, {how} (≤: rows of other sessions included)", **values)
        if any(item.rows and item.rows.others_included for item in run.runs)
        # TRANSLATORS: {how} is "statement by statement"
        else sentence("Statements of {script}, {how}", **values)
    )
    return Table(title, columns, rows)


def _say_rows(rows: RowsTouched | None) -> str:
    if rows is None:
        return ""
    return f"≤ {rows.total}" if rows.others_included else str(rows.total)


def _count_notices(notices: Sequence[Notice]) -> str:
    counted = Counter(each.severity for each in notices if each.severity not in _OF_THE_LOG)
    return ", ".join(f"{count} {severity}" for severity, count in counted.items())


def _lock_table(run: ScriptRun) -> Table:
    """Locks on relations that were there before, together by statement, mode and relation."""
    together: dict[tuple[int, str, str], list[LockHeld]] = {}
    for lock in run.locks:
        if lock.existed:
            together.setdefault((lock.statement, lock.mode, lock.relation), []).append(lock)
    ordered = sorted(together.items(), key=lambda entry: _strongest_first(entry[1]))
    columns = ("#", "lock", "relation", "times", "longest ms", "from s", "to s", "stops")
    rows = tuple(
        (
            str(statement),
            mode,
            relation,
            str(len(locks)),
            f"{max(lock.seconds for lock in locks) * 1000:.0f}",
            f"{locks[0].since:.3f}",
            f"{locks[-1].until:.3f}",
            _stopped_by(mode),
        )
        for (statement, mode, relation), locks in ordered[:_LISTED_LOCKS]
    )
    title = (
        sentence(
            "Locks on relations that existed before, those that stop others first ({shown} of "
            "{all})",
            shown=len(rows),
            all=len(ordered),
        )
        if len(ordered) > len(rows)
        else sentence("Locks on relations that existed before, those that stop others first")
    )
    return Table(title, columns, rows)


def _stopped_by(mode: str) -> str:
    if mode in STOPS_READERS:
        return sentence("readers and writers")
    return sentence("writers") if mode in STOPS_WRITERS else ""


def _strongest_first(locks: Sequence[LockHeld]) -> tuple[bool, bool, float]:
    longest = max(lock.seconds for lock in locks)
    mode = locks[0].mode
    return (mode not in STOPS_READERS, mode not in STOPS_WRITERS, -longest)
