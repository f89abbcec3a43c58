"""The validation plan: one TOML file per migration, read into frozen dataclasses.

Every limit that a check judges by lives here, so that a reader finds it in one place and a
reviewer sees it change. Relative paths are relative to the plan file. An unknown key, a wrong type
or a file that is not there is a :class:`~shadowgate.errors.PlanError` that says which key of which
file, and what is allowed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import cattrs
from cattrs.errors import ForbiddenExtraKeysError

from shadowgate.errors import PlanError

T = TypeVar("T")


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
    generator: Path | None = None
    """Script that fills an empty database; see ``fixtures/catalogue/generate.py``."""
    rows: int = 251_247
    """Rows that the generator makes."""
    seed: int = 20_260_206
    state: str = "partitioned"
    minimum_rows: int = 251_000
    """Fewer rows than this in a production dump is a failed restore."""
    table: str = "public.catalogo_geometrias_particionada"
    """The logical table whose rows are counted."""
    geometry: str = "geometry"
    srid: int = 31983
    extent: Extent | None = None
    indexes: int = 18
    roles: tuple[str, ...] = ()
    """Roles that the dump names, made (without login) on a server that this run started."""
    schemas: tuple[str, ...] = ("public",)


@dataclass(frozen=True)
class WorkloadSection:
    """The queries that are timed."""

    queries: Path = Path("../fixtures/queries")
    weights: Mapping[str, float] = field(default_factory=dict)
    """Share of each query in the production mix; equal when empty."""
    rewrites: Path | None = None
    """Folder of rewritten queries, by the same ids, that an optimisation needs."""


@dataclass(frozen=True)
class PerformanceSection:
    """When a migration counts as slower, and how long may be spent to find out."""

    limit_percent: float = 5.0
    floor_ms: float = 0.0
    """Differences below this many milliseconds never fail a query."""
    overall_percent: float = 2.0
    """The average over the queries must be at least this much faster."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Query id -> percent that it must be faster."""
    min_rows: int = 100_000
    """With fewer rows timings are shown but not judged."""
    baseline_rounds: int = 10
    budget_seconds: float = 60.0
    min_pairs: int = 10
    max_pairs: int = 200
    seed: int = 1


@dataclass(frozen=True)
class LocksSection:
    """How long the migration may hold a lock that stops readers or writers, in milliseconds."""

    reader_ms: float = 500.0
    writer_ms: float = 1000.0


@dataclass(frozen=True)
class TrafficSection:
    """Readers and writers at work while the migration is rehearsed."""

    reads: tuple[str, ...] = ()
    """Statements of the readers, in turn; several in one text are one transaction."""
    writes: tuple[str, ...] = ()
    readers: int = 4
    writers: int = 1
    reads_per_second: float = 10.0
    """Of each reader, on average; arrivals are a Poisson process."""
    writes_per_second: float = 10.0


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

    def by_kind(self) -> dict[str, tuple[str, ...]]:
        """Kind in PostgreSQL's words -> names, without the empty ones."""
        names = {f.name.replace("_", " "): getattr(self, f.name) for f in dataclasses.fields(self)}
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
    """So many sessions run ``sql`` at once and commit together, in a clone."""
    error: str = ""
    """SQLSTATE that ``sql`` must fail with."""
    commits: bool = False
    """Run for good, statement by statement, in a clone; otherwise rolled back."""


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


@dataclass(frozen=True)
class SimulationSection:
    """Phase 7: what the later optimisations would add."""

    target_percent: float = 36.0
    measured_percent: float = 2.2
    """What this plan's own migration was projected to bring overall, for the compounded sum."""
    budget_seconds: float = 12.0
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
    """Pattern of the statements that it covers; every statement when empty."""


@dataclass(frozen=True)
class RolloutSection:
    """Phase 10: the four weeks."""

    start: dt.date
    preproduction_days: int = 3
    canary_days: int = 2
    canary_percent: int = 20
    gradual_days: int = 5
    gradual_percent: int = 50
    stabilisation_days: int = 7
    latency_percent: float = 5.0
    error_percent: float = 0.1


@dataclass(frozen=True)
class Plan:
    """What is validated, against which limits."""

    name: str
    title: str
    migration: Path
    rollback: Path
    rollout: RolloutSection
    schema: int = 1
    database: str = "villa_canabrava_shadow"
    backup: BackupSection = BackupSection()
    workload: WorkloadSection = WorkloadSection()
    performance: PerformanceSection = PerformanceSection()
    locks: LocksSection = LocksSection()
    traffic: TrafficSection = TrafficSection()
    creates: ObjectsSection = ObjectsSection()
    changes: ObjectsSection = ObjectsSection()
    drops: ObjectsSection = ObjectsSection()
    probes: tuple[ProbeSection, ...] = ()
    simulation: SimulationSection = SimulationSection()
    waivers: tuple[WaiverSection, ...] = ()
    undo: RollbackSection = RollbackSection()
    path: Path = Path()
    """The plan file itself; set by :func:`read_plan`."""


def read_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises:
        PlanError: the file is missing or not TOML, a key is unknown, a value has the wrong type
            or lies outside what is allowed, or a file that it names does not exist.
    """
    document = _parse(path)
    if "path" in document:
        raise PlanError("unknown key 'path'", where=f"{path}, key path", todo="remove it")
    try:
        plan = _converter().structure(document, Plan)
    except cattrs.BaseValidationError as error:
        problems = cattrs.transform_error(error, path="", format_exception=_in_words)
        raise PlanError(
            f"the plan cannot be used: {'; '.join(problems)}",
            where=str(path),
            todo="mend the keys named; docs/plan.md lists every key with its type",
        ) from error
    plan = _resolved(dataclasses.replace(plan, path=path))
    _check_limits(plan)
    return plan


def _parse(path: Path) -> dict[str, Any]:
    """Read TOML, turning each way to fail into a sentence."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PlanError(
            f"the plan {path} does not exist", todo="name a .toml file with --plan"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"the plan cannot be read: {error}", where=str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"the plan is not valid TOML: {error}", where=str(path)) from error


def _converter() -> cattrs.Converter:
    """Structure without coercion: ``"5"`` is no number and ``1`` is no truth value."""
    converter = cattrs.Converter(forbid_extra_keys=True)

    def exactly(kind: type[T], *accepted: type) -> None:
        def structure(value: Any, _: Any) -> T:
            if type(value) not in accepted:
                raise TypeError(f"expected {kind.__name__}, got {value!r}")
            return kind(value)  # type: ignore[call-arg]

        converter.register_structure_hook(kind, structure)

    exactly(int, int)
    exactly(str, str)
    exactly(bool, bool)
    exactly(float, int, float)
    exactly(Path, str)

    def structure_date(value: Any, _: Any) -> dt.date:
        if type(value) is not dt.date:
            raise TypeError(f"expected a date such as 2026-02-13, got {value!r}")
        return value

    converter.register_structure_hook(dt.date, structure_date)
    _refuse_text_for_lists(converter)
    return converter


def _refuse_text_for_lists(converter: cattrs.Converter) -> None:
    """Keep a text from being taken for the list of its letters."""

    def is_list(kind: Any) -> bool:
        return get_origin(kind) is tuple

    lenient = converter.get_structure_hook(tuple[Any, ...])

    def structure(value: Any, kind: Any) -> Any:
        if not isinstance(value, list):
            raise TypeError(f"expected a list, got {value!r}")
        inner = get_args(kind)[0]
        if inner is Any:
            return lenient(value, kind)
        return tuple(converter.structure(item, inner) for item in value)

    converter.register_structure_hook_func(is_list, structure)


def _in_words(error: BaseException, _type: type | None) -> str:
    if isinstance(error, ForbiddenExtraKeysError) and error.cl is not None:
        allowed = sorted(f.name for f in dataclasses.fields(error.cl) if f.name != "path")
        unknown = ", ".join(sorted(error.extra_fields))
        return f"unknown key {unknown} (allowed: {', '.join(allowed)})"
    if isinstance(error, KeyError):
        return f"missing key {error.args[0]}"
    return str(error)


def _resolved(plan: Plan) -> Plan:
    """Make every path absolute, relative to the plan file, and see that it exists."""
    base = plan.path.resolve().parent

    def there(key: str, path: Path | None) -> Path | None:
        if path is None:
            return None
        full = (base / path).resolve()
        if not full.exists():
            raise PlanError(
                f"{full} does not exist",
                where=f"{plan.path}, key {key}",
                todo="name a file that is there, relative to the plan file",
            )
        return full

    def needed(key: str, path: Path) -> Path:
        return there(key, path) or path

    later = tuple(
        dataclasses.replace(
            item,
            migration=there(f"simulation.later.{item.name}.migration", item.migration),
            rollback=there(f"simulation.later.{item.name}.rollback", item.rollback),
        )
        for item in plan.simulation.later
    )
    return dataclasses.replace(
        plan,
        migration=(base / plan.migration).resolve(),
        rollback=(base / plan.rollback).resolve(),
        backup=dataclasses.replace(
            plan.backup,
            path=(base / plan.backup.path).resolve() if plan.backup.path else None,
            generator=there("backup.generator", plan.backup.generator),
        ),
        workload=dataclasses.replace(
            plan.workload,
            queries=needed("workload.queries", plan.workload.queries),
            rewrites=there("workload.rewrites", plan.workload.rewrites),
        ),
        simulation=dataclasses.replace(plan.simulation, later=later),
    )


def _check_limits(plan: Plan) -> None:
    """Refuse numbers that would make a check meaningless."""
    performance, backup = plan.performance, plan.backup
    rules = (
        (plan.schema == 1, "schema", "1, the only version there is"),
        (performance.limit_percent > 0, "performance.limit_percent", "above 0"),
        (performance.floor_ms >= 0, "performance.floor_ms", "0 or more"),
        (performance.baseline_rounds >= 10, "performance.baseline_rounds", "at least 10"),
        (performance.min_pairs >= 6, "performance.min_pairs", "at least 6"),
        (
            performance.max_pairs >= performance.min_pairs,
            "performance.max_pairs",
            "at least performance.min_pairs",
        ),
        (performance.budget_seconds > 0, "performance.budget_seconds", "above 0"),
        (backup.rows >= 1_000, "backup.rows", "at least 1000"),
        (plan.undo.max_seconds > 0, "undo.max_seconds", "above 0"),
        (
            all(probe.sessions >= 1 for probe in plan.probes),
            "probes.sessions",
            "at least 1",
        ),
    )
    for holds, key, allowed in rules:
        if not holds:
            raise PlanError(
                f"{key} is out of range",
                where=f"{plan.path}, key {key}",
                todo=f"allowed: {allowed}",
            )
    names = [probe.name for probe in plan.probes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PlanError(
            f"probes share the name {', '.join(twice)}", where=str(plan.path), todo="rename one"
        )
