"""Made-up runs for the tests of the report: one that is GO, one that is not, one too small."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache

import numpy as np

from shadowgate.evidence import (
    CheckResult,
    Difference,
    Evidence,
    QueryEvidence,
    Status,
    Table,
    Timing,
)
from shadowgate.language import nsentence, sentence
from shadowgate.phases.consequences import with_causes
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.verdict import check_of
from shadowgate.report.figures import ClientWait, Effect, StatementSpan, projection, waits

TOO_FEW = sentence(
    "{rows:,} rows are too few to judge timings; the plan asks for {asked:,}",
    rows=20_000,
    asked=100_000,
)

WORKLOAD: tuple[tuple[str, str, float, float], ...] = (
    ("Q1", "ST_Contains", 47.2, -1.4),
    ("Q2", "ST_Intersects", 68.4, -17.8),
    ("Q3", "ST_DWithin", 92.1, -24.0),
    ("Q4", "RPC search", 145.8, 0.6),
    ("Q5", "Partitioned", 38.5, -31.9),
    ("Q6", "Index range", 12.3, 2.1),
    ("Q7", "Spatial bbox", 21.4, -28.3),
    ("Q8", "Aggregate", 76.2, -3.0),
    ("Q9", "Join catalogue", 55.3, -2.2),
    ("Q10", "Complex GIS", 134.7, -2.9),
    ("W1", "Insert one geometry", 1.9, 3.2),
    ("W2", "Update one geometry", 2.4, 1.0),
)


def timing(times: np.ndarray) -> Timing:
    return Timing(
        rounds=len(times),
        mean=float(times.mean()),
        median=float(np.median(times)),
        minimum=float(times.min()),
        maximum=float(times.max()),
        p95=float(np.percentile(times, 95)),
    )


SHAPE = ("Aggregate", "  Seq Scan on catalogo_geometrias")
NEW_SHAPE = (
    "Aggregate",
    "  Bitmap Heap Scan on catalogo_geometrias",
    "    Bitmap Index Scan using catalogo_geometrias_geom_idx",
)


def query(name: str, title: str, before_ms: float, change: float, count: int = 46) -> QueryEvidence:
    """A query whose after side is drawn ``change`` percent away from its before side."""
    draw = np.random.default_rng(sum(map(ord, name)))
    before = before_ms * draw.lognormal(0, 0.07, count)
    after = before_ms * (1 + change / 100) * draw.lognormal(0, 0.07, count)
    return QueryEvidence(
        id=name,
        title=title,
        kind="write" if name.startswith("W") else "read",
        before=timing(before),
        after=timing(after),
        change_percent=change,
        low_percent=change - 1.7,
        high_percent=change + 1.9,
        verdict="improved" if change < -2.5 else "equivalent",
        pairs_ms=tuple((float(b), float(a)) for b, a in zip(before, after, strict=True)),
        rows=1 if name.startswith("W") else 4_112,
        same_rows=True,
        witnesses={
            "before": {"partitions": 4, "buffers": 9120, "planning_ms": 0.31, "shape": SHAPE},
            "after": {
                "partitions": 1,
                "buffers": 2841,
                "planning_ms": 0.42,
                "shape": NEW_SHAPE if name == "Q5" else SHAPE,
            },
        },
        notes=("scans 1 partition instead of 4",) if name == "Q5" else (),
    )


BEHIND_ROLLBACK: tuple[str, ...] = tuple(
    check.id
    for check in CHECKS
    if check.phase == 8
    and check.id not in ("rollback.snapshot", "rollback.snapshot_restores", "rollback.clean")
)
"""The checks that a failed rollback blocks."""

MEASURED: dict[str, tuple[object, object]] = {
    "restore.rows": (251_247, 251_000),
    "restore.indexes": (18, 18),
    "migration.waiting": (
        {"reader_ms": 61.3, "writer_ms": 412.0, "errors": 0},
        {"reader_ms": 250, "writer_ms": 1000},
    ),
    "performance.overall": (-11.2, -2.0),
    "rollback.in_time": (9.4, 300),
    "rollback.rows_identical": (0, 0),
    "simulation.combined": (38.2, 36.0),
}

CLAIMS = {
    "migration.data_unchanged": "Every row is what it was, whatever partition it now lives in.",
    "performance.target": "Q5 is at least 25 % faster, by its whole interval.",
}


DEFINITION = Difference(
    "table public.catalogo_geometrias was changed",
    (
        "…",
        "      column area numeric",
        "+     column year integer generated always",
        "      constraint catalogo_geometrias_pkey PRIMARY KEY (id)",
        "-     CREATE INDEX catalogo_geometrias_old ON public.catalogo_geometrias (tipo)",
    ),
)


def statement_table(count: int = 9) -> Table:
    rows = tuple(
        (
            str(n),
            f"ALTER TABLE … ATTACH PARTITION …_20{28 + n}",
            f"{130 + 31 * n} ms",
            "SHARE UPDATE EXCLUSIVE",
            f"{3 + n} ms",
            "0 kB",
        )
        for n in range(1, count + 1)
    )
    return Table("Statements", ("#", "statement", "took", "strongest lock", "held", "WAL"), rows)


@cache
def waiting_figure() -> object:
    draw = np.random.default_rng(5)
    spans = [
        StatementSpan(f"statement {n}: ATTACH PARTITION", 1.6 * n, 1.6 * n + 1.4) for n in range(9)
    ]
    clients = [
        ClientWait("reader" if n % 5 else "writer", float(at), float(draw.lognormal(2.2, 0.7)))
        for n, at in enumerate(draw.uniform(0, 15, 900))
    ]
    clients += [ClientWait("reader", 6.5, 61.3), ClientWait("writer", 6.4, 412.0)]
    return waits(spans, clients, reader_limit_ms=250, writer_limit_ms=1000)


@cache
def projection_figure() -> object:
    return projection(
        {"OPT2": 25.0, "OPT3": 12.5, "OPT4": 7.5, "OPT5": 3.5}, {"OPT3": Effect(14.1, 12.9, 15.2)}
    )


def checks(status_of: Callable[[str], Status] = lambda _id: "passed") -> tuple[CheckResult, ...]:
    items = {
        "query": [w[0] for w in WORKLOAD],
        "probe": ["year_2036", "log_records"],
        "target": ["Q5"],
        "optimisation": ["OPT2", "OPT3", "OPT4", "OPT5"],
    }
    found = []
    for spec in CHECKS:
        for item in items[spec.items.name] if spec.items else [""]:
            name = spec.result_id(item)
            measured, limit = MEASURED.get(spec.id, (None, None))
            found.append(
                CheckResult(
                    id=name,
                    phase=spec.phase,
                    status=status_of(name),
                    claim=CLAIMS.get(spec.id, spec.claim),
                    measured=measured,
                    limit=limit,
                    required=spec.required,
                    seconds=round(0.2 + len(name) % 7 * 0.9, 2),
                    tables=(statement_table(),) if name == "migration.applied" else (),
                    differences=(DEFINITION,) if name == "migration.objects" else (),
                )
            )
    return tuple(found)


def with_check(evidence: Evidence, name: str, **changes: object) -> Evidence:
    assert any(check.id == name for check in evidence.checks)
    changed = tuple(
        dataclasses.replace(check, **changes) if check.id == name else check  # type: ignore[arg-type]
        for check in evidence.checks
    )
    return dataclasses.replace(evidence, checks=changed)


@cache
def go_sample() -> Evidence:
    found = Evidence(
        plan={
            "name": "1770500100_auto_partition_creation_2029_plus",
            "title": "OPT1: partitions for 2029 and later, made automatically",
            "file": "1770500100_auto_partition_creation_2029_plus.toml",
            "migration": "1770500100_auto_partition_creation_2029_plus.sql",
            "rollback": "1770500100_auto_partition_creation_2029_plus.sql",
            "database": "villa_canabrava_shadow",
            "generated_rows": 251_247,
            "limit_percent": 5.0,
            "overall_percent": 2.0,
            "targets": {"Q5": 25.0},
        },
        inputs={
            "1770500100_auto_partition_creation_2029_plus.sql": "3f8a" * 16,
            "rollback/1770500100_auto_partition_creation_2029_plus.sql": "91c0" * 16,
            "backup_pre_opt1.dump": "b27d" * 16,
        },
        server={
            "kind": "local",
            "version": "15.20",
            "postgis": "3.3.2",
            "tools": "15.20",
            "where": "ephemeral cluster on a local socket",
            "settings": {
                "shared_buffers": "2GB",
                "fsync": "off",
                "jit": "off",
                "max_wal_size": "4GB",
            },
        },
        started="2026-02-06T20:00:00-03:00",
        seconds=141.7,
        checks=checks(),
        queries=tuple(query(*each) for each in WORKLOAD),
        verdict="GO",
        risk="LOW",
        reasons=(
            sentence("all {checks} checks passed, none with a reservation", checks=len(checks())),
        ),
    )
    found = with_check(found, "migration.waiting", figures=(waiting_figure(),))
    return with_check(found, "simulation.combined", figures=(projection_figure(),))


@cache
def no_go_sample() -> Evidence:
    broken: dict[str, Status] = {
        "migration.data_unchanged": "failed",
        "performance.not_slower.Q6": "inconclusive",
        "performance.same_results.Q3": "failed",
        "signoff.verdict": "failed",
        "rollback.clean": "failed",
        "simulation.effect.OPT4": "skipped",
    }

    def status_of(name: str) -> Status:
        if name in broken:
            return broken[name]
        behind = name.startswith("rollback.") and "snapshot" not in name
        return "blocked" if behind else "passed"

    evidence = dataclasses.replace(
        go_sample(), checks=checks(status_of), verdict="NO-GO", risk="HIGH"
    )
    blocked = tuple(
        dataclasses.replace(check, blocked_by="rollback.clean", measured=None)
        if check.status == "blocked"
        else check
        for check in evidence.checks
    )
    evidence = dataclasses.replace(evidence, checks=blocked)
    evidence = with_check(
        evidence,
        "migration.data_unchanged",
        measured={"lost": 1, "altered": 2},
        limit=0,
        breaks=("rows of catalogo_geometrias_particionada",),
        where="1770500100_auto_partition_creation_2029_plus.sql, line 61: INSERT INTO "
        "catalogo_geometrias_particionada SELECT * FROM catalogo_geometrias_default",
        remedy="Compare the rows named in the restored backup and in the migrated copy.",
        detail="1 row is missing and 2 are altered.\n  where: catalogo_geometrias_particionada, "
        "id 100234 (missing), ids 88120 and 88121 (catalogo_id exchanged)\nTo do: compare the "
        "rows named in the restored backup and in the migrated copy.",
    )
    evidence = with_check(
        evidence,
        "performance.same_results.Q3",
        measured="4112 rows",
        limit="the same rows",
        stands_on=(("rows of catalogo_geometrias_particionada",),),
        detail=nsentence("{n} row became {new}", "{n} rows became {new}", 4112, new=4111),
    )
    evidence = with_check(
        evidence,
        "signoff.verdict",
        detail=nsentence("{n} check stands against GO", "{n} checks stand against GO", 15),
    )
    evidence = with_check(
        evidence,
        "performance.not_slower.Q6",
        measured={"change": 4.1, "low": 2.0, "high": 6.3},
        limit=5.0,
        detail="the budget of 60 s ended before Q6 was decided: 2.0 to 6.3 % slower, 200 pairs",
    )
    evidence = with_check(
        evidence,
        "rollback.clean",
        detail='statement 4 failed: relation "partition_maintenance_log" does not exist\n'
        "  where: rollback/1770500100_auto_partition_creation_2029_plus.sql, line 41",
    )
    queries = tuple(
        dataclasses.replace(
            q,
            change_percent=4.1,
            low_percent=2.0,
            high_percent=6.3,
            verdict="inconclusive",
            notes=("planning got 0.6 ms slower: 11 partitions instead of 4",),
        )
        if q.id == "Q6"
        else dataclasses.replace(
            q,
            change_percent=12.4,
            low_percent=9.9,
            high_percent=14.8,
            verdict="regressed",
            notes=("reads 31 % more buffers",),
        )
        if q.id == "Q9"
        else q
        for q in evidence.queries
    )
    evidence = dataclasses.replace(
        evidence, checks=with_causes(evidence.checks, concluding={"signoff.verdict"})
    )
    reasons = tuple(
        f"{c.id} {c.status}: {c.detail}" for c in evidence.checks if c.status != "passed"
    )
    return dataclasses.replace(evidence, queries=queries, reasons=reasons)


@cache
def crash_sample() -> Evidence:
    """A statement of the migration fails: whatever asks for the migrated copy is blocked."""

    def status_of(name: str) -> Status:
        if name in ("migration.applied", "signoff.verdict"):
            return "failed"
        return "blocked" if check_of(CHECKS, name).phase in (5, 6, 8) else "passed"

    evidence = dataclasses.replace(
        go_sample(), checks=checks(status_of), queries=(), verdict="NO-GO", risk="HIGH"
    )
    evidence = with_check(
        evidence,
        "migration.applied",
        tables=(),
        measured={"statements": 2, "seconds": 0.1},
        limit={"statements": 14},
        where="1770500100_auto_partition_creation_2029_plus.sql, line 41: CREATE TABLE …_2030",
        remedy="Mend the statement named; the detail says what was already committed.",
        detail='Statement 3 failed: relation "catalogo_geometrias_2030" already exists (SQLSTATE '
        "42P07)\n  where: line 41",
    )
    blocked = tuple(
        dataclasses.replace(c, blocked_by="migration.applied", measured=None, limit=None)
        if c.status == "blocked"
        else c
        for c in evidence.checks
    )
    return dataclasses.replace(
        evidence,
        checks=with_causes(blocked, concluding={"signoff.verdict"}),
        reasons=tuple(f"{c.id} {c.status}" for c in blocked if c.status != "passed"),
    )


@cache
def quick_sample() -> Evidence:
    def status_of(name: str) -> Status:
        spec = check_of(CHECKS, name)
        return "skipped" if spec.judges_time and spec.phase == 6 else "passed"

    judged = tuple(
        dataclasses.replace(check, measured=None, limit=None, detail=TOO_FEW)
        if check.status == "skipped"
        else check
        for check in checks(status_of)
    )
    queries = tuple(dataclasses.replace(q, verdict="not judged") for q in go_sample().queries)
    return dataclasses.replace(
        go_sample(),
        checks=judged,
        queries=queries,
        quick=True,
        risk="MEDIUM",
        reasons=(sentence("performance was not judged: {why}", why=TOO_FEW),),
    )


@cache
def waived_sample() -> Evidence:
    """GO, because what was found is accepted in the plan."""
    reason = "the table is empty in production until April; agreed with operations"
    evidence = with_check(
        go_sample(),
        "migration.hazards",
        tables=(
            Table(
                "Waived findings",
                ("rule", "where", "what", "reason"),
                (("index-not-concurrent", "line 12", "CREATE INDEX stops writers", reason),),
            ),
        ),
    )
    evidence = with_check(
        evidence,
        "performance.not_slower.Q6",
        status="failed",
        measured={"change": 7.1, "low": 5.9, "high": 8.2},
        limit=5.0,
        detail="Q6 is 7.1 % slower (5.9 to 8.2 %)",
        findings=("Q6 is 7.1 % slower (5.9 to 8.2 %)",),
        remedy="Improve the migration; the limit stays.",
    )
    queries = tuple(
        dataclasses.replace(
            q, change_percent=7.1, low_percent=5.9, high_percent=8.2, verdict="regressed"
        )
        if q.id == "Q6"
        else q
        for q in evidence.queries
    )
    return dataclasses.replace(
        evidence,
        queries=queries,
        risk="MEDIUM",
        reasons=(
            "waived: performance.not_slower.Q6 failed: Q6 is 7.1 % slower (5.9 to 8.2 %); accepted "
            f"because: {reason}",
        ),
    )


@cache
def slow_sample() -> Evidence:
    """NO-GO because two queries got slower and a writer waited too long."""
    broken = ("migration.waiting", "performance.not_slower.Q4", "performance.not_slower.Q9")

    def status_of(name: str) -> Status:
        return "failed" if name in (*broken, "signoff.verdict") else "passed"

    evidence = dataclasses.replace(
        go_sample(), checks=checks(status_of), verdict="NO-GO", risk="HIGH"
    )
    evidence = with_check(
        evidence,
        "migration.waiting",
        figures=(waiting_figure(),),
        measured={"reader_ms": 61.3, "writer_ms": 2412.0, "errors": 0},
        limit={"reader_ms": 250, "writer_ms": 1000},
        detail="a writer waited 2412 ms behind ALTER TABLE orders ADD CONSTRAINT …",
        findings=("a writer waited 2412 ms behind ALTER TABLE orders ADD CONSTRAINT …",),
        where="1770500100_auto_partition_creation_2029_plus.sql, line 77",
        remedy="Split the work, set lock_timeout, do the long part before the strong lock.",
    )
    queries = list(evidence.queries)
    for name, change in (("Q4", 12.6), ("Q9", 31.0)):
        said = f"{name} is {change:.1f} % slower; the limit is 5 %"
        evidence = with_check(
            evidence,
            f"performance.not_slower.{name}",
            measured=f"{change:+.1f} % ({change - 2:+.1f} to {change + 2:+.1f} %)",
            limit=5.0,
            detail=said,
            findings=(said,),
            remedy="Improve the migration; the limit stays.",
        )
        queries = [
            dataclasses.replace(
                q,
                change_percent=change,
                low_percent=change - 2,
                high_percent=change + 2,
                verdict="regressed",
                notes=("reads 31 % more buffers", "scans 14 partitions instead of 1"),
            )
            if q.id == name
            else q
            for q in queries
        ]
    judged = with_causes(evidence.checks, concluding={"signoff.verdict"})
    return dataclasses.replace(
        evidence,
        queries=tuple(queries),
        checks=judged,
        reasons=tuple(f"{c.id} {c.status}: {c.detail}" for c in judged if c.status != "passed"),
    )


@cache
def killed_server_sample() -> Evidence:
    """NO-GO because the server went away in phase 6: all that asks for it could not be decided."""
    gone = "it could not be carried out: server closed the connection unexpectedly"

    def status_of(name: str) -> Status:
        phase = check_of(CHECKS, name).phase
        if name == "signoff.verdict":
            return "failed"
        return "passed" if phase < 6 or phase > 8 else "inconclusive"

    found = tuple(
        dataclasses.replace(
            check,
            measured=None,
            limit=None,
            detail=gone,
            findings=(gone,),
            stands_on=(("the server answers",),) if check.id != first else (),
            breaks=("the server answers",) if check.id == first else (),
        )
        if check.status == "inconclusive"
        else check
        for first in ("performance.same_results.Q1",)
        for check in checks(status_of)
    )
    judged = with_causes(found, concluding={"signoff.verdict"})
    return dataclasses.replace(
        go_sample(),
        checks=judged,
        queries=(),
        verdict="NO-GO",
        risk="HIGH",
        reasons=tuple(f"{c.id} {c.status}: {c.detail}" for c in judged if c.status != "passed"),
    )


@cache
def skipped_sample() -> Evidence:
    """NO-GO because nothing was judged: no check applies but the last one."""

    def status_of(name: str) -> Status:
        return "failed" if name == "signoff.verdict" else "skipped"

    found = tuple(
        dataclasses.replace(
            check, measured=None, limit=None, detail="the plan names nothing to judge"
        )
        for check in checks(status_of)
    )
    return dataclasses.replace(
        go_sample(),
        checks=found,
        queries=(),
        verdict="NO-GO",
        risk="HIGH",
        reasons=("signoff.verdict failed: no check was carried out",),
        server={},
        inputs={},
        seconds=0.4,
    )


SAMPLES: dict[str, Callable[[], Evidence]] = {
    "GO": go_sample,
    "quick GO": quick_sample,
    "GO with waivers": waived_sample,
    "NO-GO by data": no_go_sample,
    "NO-GO by time": slow_sample,
    "a crash in phase 5": crash_sample,
    "a killed server": killed_server_sample,
    "everything skipped": skipped_sample,
}
"""Runs as they end."""
