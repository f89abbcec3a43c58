"""The sections of a plan file, as frozen dataclasses: every limit that a check judges by."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Extent:
    """Bounding box that every geometry lies in, in units of the reference system."""

    min_x: float
    min_y: float
    max_x: float
    max_y: float


@dataclass(frozen=True)
class BackupSection:
    """What is restored, and what a sound restore looks like."""

    path: Path | None = None
    """A production dump; without it the generator makes one."""
    sha256: str = ""
    """Checksum that the dump must have, as ``sha256sum`` prints it; of a directory, the one that
    the report shows."""
    content: str = ""
    """Fingerprint that the content must have, restored and with ``apply`` on top of it, as
    ``restore.fingerprint`` shows it: the same in whatever format and by whichever version the rows
    are dumped."""
    database: str = ""
    """Which database of a dump by pg_dumpall is restored; without it the only one with tables."""
    generator: Path | None = None
    """Script that fills an empty database, given ``--rows``, ``--seed`` and, if there is one,
    ``--state``."""
    rows: int | None = None
    """Rows that the generator makes; it needs them."""
    seed: int = 1
    state: str = ""
    """Which state of the schema the generator makes, for one that knows several."""
    apply: tuple[Path, ...] = ()
    """Migrations that production has already and the backup has not, applied in order right after
    the restore: what is validated comes on top of them."""
    minimum_rows: int = 1
    """Fewer rows than this in a production dump is a failed restore."""
    table: str = ""
    """The logical table whose rows are counted, with its schema; all tables without it."""
    geometry: str = ""
    """Its geometry column; without it no geometry is looked at."""
    validity: str = ""
    """Its column that says whether the geometry is meant to be valid; without it invalid
    ones are told and fail nothing."""
    srid: int | None = None
    """The one reference system of its geometries."""
    extent: Extent | None = None
    indexes: int | None = None
    """How many there must be; any number without it."""
    roles: tuple[str, ...] = ()
    """Roles that the dump names, made (without login) on a server that this run started."""
    schemas: tuple[str, ...] = ()
    """Those whose indexes, constraints and sequences must be sound; all but PostgreSQL's own and
    extensions' without it."""


@dataclass(frozen=True)
class WorkloadSection:
    """The queries that are timed."""

    queries: Path | None = None
    """Folder with a file for each query; without it nothing is timed."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Share of each query in the production mix; equal when empty."""
    rewrites: Path | None = None
    """Folder of rewritten queries, by the same ids, that the migrated database is asked."""
    writes: str = ""
    """Statements committed on a migrated copy, after the workload's own writes, before original and
    rewritten queries are compared again: a delete, or the refresh that a view is declared to need.
    """
    original_writes: str = ""
    """The same for a copy from before the migration: originals are asked there if they no longer
    run on a migrated one."""


@dataclass(frozen=True)
class LimitSection:
    """Queries that may be slower than the others, with the reason that the report shows."""

    queries: tuple[str, ...]
    percent: float
    reason: str


@dataclass(frozen=True)
class PerformanceSection:
    """When a migration counts as slower, and how long may be spent to find out."""

    limit_percent: float = 5.0
    limits: tuple[LimitSection, ...] = ()
    """Other limits for some queries: what a migration gives readers may cost its writers."""
    floor_ms: float = 0.0
    """Differences below this many milliseconds never fail a query."""
    overall_percent: float | None = None
    """The average over the queries must be at least this much faster; without it nothing is
    claimed of the average."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Query id -> percent that it must be faster."""
    min_rows: int = 100_000
    """With fewer rows timings are shown but not judged."""
    baseline_rounds: int = 10
    budget_seconds: float = 300.0
    """Time after which what is undecided is left so, which is no pass. A quiet machine needs a
    tenth of it; where neighbours slow down every other execution by half, two minutes left a query
    undecided in two of nine runs on identical databases."""
    min_pairs: int = 10
    max_pairs: int = 200
    seed: int = 1
    baseline: Path | None = None
    """Committed witnesses (rows, pages, partitions, indexes, plans) that each query is held against
    on every machine; ``--update-baseline`` writes it. Nothing is held against without it."""
    layout: str = ""
    """Table that the migration rewrites, with its schema: a control that is only rewritten tells
    how much of each gain is that, and fades. None is made without it."""
    layout_seconds: float = 6.0
    """Time for the rounds of the control, beside the time that making it takes."""

    def limit_of(self, query: str) -> float:
        """The percent that a query may be slower."""
        return self.limits_by_query.get(query, self.limit_percent)

    @property
    def limits_by_query(self) -> dict[str, float]:
        """Query id -> its own limit in percent, for those that have one."""
        return {query: limit.percent for limit in self.limits for query in limit.queries}


@dataclass(frozen=True)
class LocksSection:
    """How long a lock may stop readers or writers, and how long they may wait, in milliseconds."""

    reader_ms: float = 500.0
    writer_ms: float = 1000.0


@dataclass(frozen=True)
class AfterTrafficSection:
    """What clients say once the migration is there, statement for statement."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    kept: str = ""


@dataclass(frozen=True)
class TrafficSection:
    """Readers and writers at work while the migration is rehearsed."""

    reads: tuple[str, ...] = ()
    """Statements of the readers, in turn; several in one text are one transaction. ``random()`` is
    seeded, but volatile: an index serves a comparison with it only if a subquery draws it once."""
    writes: tuple[str, ...] = ()
    readers: int = 4
    writers: int = 1
    reads_per_second: float = 10.0
    """Of each reader, on average; arrivals are a Poisson process. A statement that would keep a
    client busy for more than half of its time is asked less often, and the report says so."""
    writes_per_second: float = 10.0
    kept: str = ""
    """A query for the rows whose writes were acknowledged with RETURNING, the key first: the last
    acknowledged write of each key must be there when the migration has ended."""
    after: AfterTrafficSection | None = None
    """Where the migration gives tables other names: a client to whom its table is gone (42P01)
    switches over to these, once and for good, as a deployed application does."""

    def reversed(self) -> TrafficSection:
        """The same load, of clients that begin with what they say after the migration."""
        if self.after is None:
            return self
        return dataclasses.replace(
            self,
            reads=self.after.reads,
            writes=self.after.writes,
            kept=self.after.kept,
            after=AfterTrafficSection(self.reads, self.writes, self.kept),
        )


@dataclass(frozen=True)
class ObjectsSection:
    """Names of objects by kind; shell-style patterns are allowed."""

    schema: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    index: tuple[str, ...] = ()
    view: tuple[str, ...] = ()
    materialized_view: tuple[str, ...] = ()
    sequence: tuple[str, ...] = ()
    column: tuple[str, ...] = ()
    constraint: tuple[str, ...] = ()
    routine: tuple[str, ...] = ()
    trigger: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    extension: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    statistics: tuple[str, ...] = ()
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """In ``[changes]``: table -> columns whose values may change; ``["*"]`` for the whole table,
    in which rows may come and go as well. All else is still proven equal."""

    @classmethod
    def kinds(cls) -> dict[str, str]:
        """Kind in PostgreSQL's words -> its key."""
        keys = (each.name for each in dataclasses.fields(cls))
        return {key.replace("_", " "): key for key in keys if key != "rows"}

    def by_kind(self) -> dict[str, tuple[str, ...]]:
        """Kind in PostgreSQL's words -> names, without the empty ones."""
        names = {kind: getattr(self, key) for kind, key in self.kinds().items()}
        return {kind: listed for kind, listed in names.items() if listed}


@dataclass(frozen=True)
class ProbeSection:
    """A behaviour that the migrated database must show."""

    name: str
    claim: str
    sql: str
    """What is done; the rows of its last statement are compared with ``expect``."""
    expect: tuple[tuple[Any, ...], ...] = ()
    verify: str = ""
    """A query run afterwards, whose rows are compared instead."""
    sessions: int = 1
    """So many sessions run ``sql`` at once and commit together, in a clone; with ``commits`` each
    statement by itself."""
    error: str = ""
    """SQLSTATE that ``sql`` must fail with."""
    commits: bool = False
    """Run for good, statement by statement, in a clone; otherwise rolled back."""


@dataclass(frozen=True)
class JobSection:
    """A job that pg_cron must run, in a clone of the migrated database."""

    name: str
    claim: str
    schedule: str
    """A query whose value is the statement that schedules the job from pg_cron's own database."""
    verify: str
    """A query in the clone, asked again until its rows are the expected ones."""
    expect: tuple[tuple[Any, ...], ...]
    wait_seconds: float = 90.0
    """pg_cron starts jobs at full minutes."""


@dataclass(frozen=True)
class LaterSection:
    """An optimisation that follows this one; measured on a copy or only projected."""

    name: str
    title: str
    projected_percent: float
    queries: tuple[str, ...] = ()
    """The queries that it is for; all when empty."""
    migration: Path | None = None
    """Applied to a clone of the migrated database and measured; projected only without it."""
    rollback: Path | None = None
    builds_on: str = ""
    """Name of one listed before it that must be there first; the effect is told against the copy
    with that one."""
    rewrites: Path | None = None
    """Folder of rewritten queries, by the same ids, that it needs."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Query id -> percent that it must make the query faster."""
    refresh: str = ""
    """What its schedule runs, before rows are compared after writes: a stored answer may be as old
    as its schedule lets it be."""


@dataclass(frozen=True)
class SimulationSection:
    """Phase 7: what the later optimisations would add."""

    target_percent: float | None = None
    """What all optimisations together must bring; without it they are shown, not judged."""
    measured_percent: float = 0.0
    """What this plan's own migration was projected to bring overall, for the compounded sum."""
    rounds: int = 7
    """How often each query is asked of each database."""
    max_rounds: int = 60
    """The database before and the one with all optimisations are judged, so they are asked on until
    they are decided, but no more often than this."""
    budget_seconds: float = 60.0
    """Time for asking them on, for the reads and for the writes each."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """Query id -> percent that it may be slower with all optimisations together; without a limit
    of its own a read has that of ``[performance]``, and a write is shown, not judged."""
    mixes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Name -> query id -> share, for the forecast: how often production may ask each query."""
    later: tuple[LaterSection, ...] = ()


@dataclass(frozen=True)
class RollbackSection:
    """Phase 8."""

    max_seconds: float = 300.0
    write: str = ""
    """Statements run on the migrated copy before the rollback: rows that it must not lose."""


@dataclass(frozen=True)
class WaiverSection:
    """A finding that is accepted, with the reason that the report shows."""

    rule: str
    reason: str
    statement: str = ""
    """Regular expression searched in the statement, case ignored; every statement when empty."""


@dataclass(frozen=True)
class RehearsalSection:
    """Phase 10: the stages of the rollout, rehearsed in seconds.

    A copy too small to judge timings gets less than a second for each.
    """

    canary_seconds: float = 20.0
    """How long the first share of the readers asks the migrated copy."""
    gradual_seconds: float = 8.0
    """How long the second share does, before the primary is migrated."""
    full_seconds: float = 3.0
    """How long everybody asks the migrated primary, before the way back is tried."""
    sessions: int = 20
    """Readers; a stage's share of them asks the canary."""
    requests_per_second: float | None = None
    """Of readers and writers together; without it as many as keep a third of the cores busy, and
    never more than 250."""
    probe_seconds: float = 2.5
    """Rows of both sides are compared so often."""
    judge_latency: bool = False
    """Whether the latency trigger stops a stage. The canary is then held against an unmigrated copy
    of its own that follows too and is asked by as many sessions, while fewer than half of them ask
    the canary: against all others it would be slower by its colder caches. Phase 6 judges times in
    pairs; without this they are shown here."""


@dataclass(frozen=True)
class RolloutSection:
    """Phase 10: the four weeks."""

    start: dt.date
    preproduction_days: int = 3
    canary_days: int = 2
    canary_percent: int = 20
    gradual_days: int = 5
    """At least 4: one at the first share, one to validate, two at 100 %."""
    gradual_percent: int = 50
    stabilisation_days: int = 7
    latency_percent: float = 5.0
    """A query that gets slower by more than this is rolled back."""
    error_percent: float = 0.1
    """A larger share of failed transactions is rolled back."""
    service: str = "production"
    """Entry of ``pg_service.conf`` for production; the canary's is this with ``_canary``."""
    skip_weekends: bool = False
    """Days of the stages are working days: none is a Saturday or Sunday."""
    holidays: str = ""
    """Country, or country and region, whose public holidays are skipped: ``BR``, ``BR-MG``."""
    rehearsal: RehearsalSection = RehearsalSection()


@dataclass(frozen=True)
class ProductionSection:
    """How large production is, where the backup is smaller."""

    rows: Mapping[str, int] = field(default_factory=dict)
    """Table, with its schema -> rows in production. Locks, WAL and disk are then told for that
    size."""
    preflight: Path | None = None
    """What ``shadowgate preflight --json`` wrote, for the rows of the tables not named in
    ``rows``."""
    wal_gb: float | None = None
    """WAL that the migration may write in production, in gigabytes (10^9 bytes); shown, not judged,
    without it."""
    disk_gb: float | None = None
    """Room on disk that it may take for a while, in gigabytes; the same."""


@dataclass(frozen=True)
class ServerSection:
    """A server of yours."""

    clone: str = ""
    """Command that clones a database there, for storage that need not copy: it gets
    ``SHADOWGATE_CLONE_SOURCE`` and ``SHADOWGATE_CLONE_NAME`` in its environment, with ``PGHOST``
    and the rest, and makes the one of the other. It runs in the plan's folder, without a shell."""


TRANSACTIONS = ("statement", "file")
"""How a runner can apply a script: each statement by itself, or the whole script in one."""


@dataclass(frozen=True)
class RunnerSection:
    """How production's migration tool applies a script."""

    transaction: str = "statement"
    """``statement``: each by itself, as psql does; ``file``: the whole script in one."""
    instances: int = 1
    """How many may apply it at the same moment, as servers that migrate when they start; more than
    one only if nothing else keeps them apart, such as a lock that the tool takes."""
    statement_timeout: str = ""
    """What its session sets before the script, as the server takes it (``30s``); the server's own
    without it, and so the others."""
    lock_timeout: str = ""
    search_path: str = ""
    role: str = ""
    """The role that applies the script (``SET ROLE``), with no more rights than the backup gives
    it; made on a server that this run started if the backup does not name it."""


@dataclass(frozen=True)
class Plan:
    """What is validated, against which limits."""

    name: str
    title: str
    migration: Path
    rollout: RolloutSection
    rollback: Path | None = None
    irreversible: str = ""
    """Why there is no way back by a script; the snapshot is then the only one."""
    schema: int = 1
    database: str = "shadow"
    """Name of the shadow, of 40 bytes at most; its copies are called after it."""
    backup: BackupSection = BackupSection()
    workload: WorkloadSection = WorkloadSection()
    performance: PerformanceSection = PerformanceSection()
    locks: LocksSection = LocksSection()
    traffic: TrafficSection = TrafficSection()
    creates: ObjectsSection = ObjectsSection()
    changes: ObjectsSection = ObjectsSection()
    drops: ObjectsSection = ObjectsSection()
    probes: tuple[ProbeSection, ...] = ()
    jobs: tuple[JobSection, ...] = ()
    simulation: SimulationSection = SimulationSection()
    waivers: tuple[WaiverSection, ...] = ()
    runner: RunnerSection = RunnerSection()
    production: ProductionSection = ProductionSection()
    server: ServerSection = ServerSection()
    rules: tuple[str, ...] = ()
    """Policies of squawk's, such as ``prefer-text-field``, that count here; else they are notes."""
    undo: RollbackSection = RollbackSection()
    renames: Mapping[str, str] = field(default_factory=dict)
    """Logical tables that the migration gives another name, with their schema: old -> new. Their
    rows are compared as those of one table."""
    path: Path = Path()
    """The plan file itself; set by :func:`read_plan`."""

    @property
    def derived(self) -> bool:
        """Whether there is no plan file: nobody has demanded anything."""
        return not self.path.is_file()
