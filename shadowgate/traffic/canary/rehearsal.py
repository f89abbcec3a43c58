"""The rollout, rehearsed under traffic: its stages, its triggers and the way back.

A first share of the readers' sessions asks the migrated canary, then a second one; then the primary
is migrated under the load, and everybody asks it. Latency, errors and rows of both sides are
compared as it goes. A trigger that fires stops the stage and rolls back at once: while the primary
is unmigrated by sending all sessions back to it, afterwards by the rollback script. Where none
fires, the way back is tried at the end.

Latencies are tested while both sides answer at the same time. Once everybody asks the migrated
primary there is nothing to hold them against that met the machine's noise alike: they are shown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from shadowgate.language import sentence
from shadowgate.measure import Sampling
from shadowgate.migrate import ScriptRun
from shadowgate.plan import RehearsalSection, RolloutSection
from shadowgate.server.base import Database, Server
from shadowgate.traffic.acknowledged import Key
from shadowgate.traffic.canary.clients import (
    PATIENCE_SECONDS,
    Answer,
    Arm,
    Clients,
    Routing,
    rate_for,
)
from shadowgate.traffic.canary.counting import Counted
from shadowgate.traffic.canary.following import Following, all_tables, followed_tables, following
from shadowgate.traffic.canary.probes import Look, Probes, probes_of
from shadowgate.traffic.canary.statements import Asked, Load, try_statements
from shadowgate.traffic.canary.triggers import ErrorLook, LatencyLook, Trigger

StageName = Literal["canary", "gradual", "full"]

BRIEF = RehearsalSection(
    canary_seconds=0.4, gradual_seconds=0.3, full_seconds=0.2, probe_seconds=60.0, sessions=5
)
"""Where only that it works is asked, and nothing of its times: less than a second."""

_LOOK_SECONDS = 0.1
_LATENCY_SECONDS = 0.5
"""Latencies are compared so often: that takes some milliseconds, in which no client gets on."""
_WARM_UP_SECONDS, _WARM_UP_SHARE = 1.0, 1 / 8
"""At most so long, and at most such a part of the first stage."""
_LOST_SHOWN = 10
_SLOW_DOWNS = 4
_MOSTLY, _LATE_SECONDS = 0.8, 0.02
"""So many of the requests must start no later than this."""


@dataclass(frozen=True)
class Scripts:
    """How the primary is migrated, and brought back."""

    migrate: Callable[[Database], ScriptRun]
    roll_back: Callable[[Database], ScriptRun] | None
    """``None`` where there is no way back by a script."""


@dataclass(frozen=True)
class Differences:
    """What the migration may make different, and under which names tables go."""

    may_change: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Table -> columns; ``*`` for all of them."""
    renames: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ArmFigures:
    """What one database answered in a stage. Times in milliseconds; NaN without answers."""

    arm: Arm
    migrated: bool
    requests: int
    errors: int
    median_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Stage:
    """One stage of the rollout, rehearsed."""

    name: StageName
    percent: int
    """Of the readers' sessions that asked a migrated database at its beginning."""
    began: float
    """Seconds from the beginning of the rehearsal."""
    ended: float
    arms: tuple[ArmFigures, ...]


@dataclass(frozen=True)
class Hit:
    """A trigger that fired."""

    trigger: Trigger
    stage: StageName
    at: float
    """Seconds from the beginning of the rehearsal."""
    detect_seconds: float
    """From the beginning of the stage."""
    detail: str


@dataclass(frozen=True)
class WayBack:
    """The rollback under the load."""

    by_script: bool
    """Otherwise the sessions were sent back to the unmigrated primary."""
    began: float
    restore_seconds: float
    """Until all sessions were served as before the migration."""
    failed: int
    """Requests that failed meanwhile."""
    error: str = ""
    """How the rollback script failed."""


@dataclass(frozen=True)
class CanaryRehearsal:
    """A rollout as it was rehearsed. Times in seconds from its beginning."""

    stages: tuple[Stage, ...]
    latency: tuple[LatencyLook, ...]
    errors: ErrorLook
    hit: Hit | None
    way_back: WayBack | None
    acknowledged: int
    """Rows whose writes were acknowledged."""
    lost: tuple[str, ...]
    """Those that are not there at the end as they were acknowledged, a sentence each."""
    looks: tuple[Look, ...]
    not_probed: tuple[str, ...]
    lag_ms: float | None
    """Longest time that a commit took to reach the canary; ``None`` if it followed nothing."""
    left_out: tuple[str, ...]
    """What was not rehearsed, a sentence each."""
    migrating: tuple[float, float] | None
    """When the primary was migrated."""
    answers: tuple[Answer, ...]
    origin: float
    """``time.monotonic()`` at its beginning."""
    per_second: float
    judges_latency: bool

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max((answer.ended for answer in self.answers), default=self.origin) - self.origin

    @property
    def compared_seconds(self) -> float:
        """For how long both an unmigrated and a migrated database answered."""
        ends = [one.ended for one in self.stages if one.name != "full"]
        until = self.migrating[0] if self.migrating else max(ends, default=0.0)
        return until - (self.stages[0].began if self.stages else 0.0)

    @property
    def slowest(self) -> LatencyLook | None:
        """What is known of all statements together; ``None`` if nothing is."""
        return self.latency[0] if self.latency else None


def rehearse_rollout(
    server: Server,
    primary: Database,
    canary: Database,
    asked: Iterable[Asked],
    scripts: Scripts,
    differences: Differences,
    limits: RolloutSection,
    sampling: Sampling,
    seed: int = 1,
    baseline: Database | None = None,
) -> CanaryRehearsal:
    """Rehearse a rollout.

    Args:
        server: both databases are on it.
        primary: a copy from before the migration, of its own for this.
        canary: a migrated copy with the same rows, of its own for this.
        asked: what clients ask.
        scripts: migrate the primary and bring it back.
        differences: what is not compared.
        limits: of latency and errors, the shares of the stages, and how long they take.
        sampling: settings of the clients' sessions.
        seed: of arrivals and of ``random()`` in SQL.
        baseline: an unmigrated copy of its own for this, which follows too and is asked by as many
            sessions as the canary: what the canary's latency is held against while fewer than half
            of the sessions ask it. More sessions keep their database's caches warmer.

    Raises:
        UsageError: no query can be asked.
        ServerError: a session was lost.
    """
    may_change, renames = dict(differences.may_change), differences.renames
    every = frozenset("*")  # neither written nor compared: its rows may not reach the canary
    may_change |= dict.fromkeys(all_tables(primary) - followed_tables(primary, canary), every)
    times = 2 if limits.rehearsal.judge_latency else 1
    load = try_statements(asked, primary, canary, sampling, may_change, renames, times)
    _vacuum(primary)
    probes = probes_of(primary, canary, may_change, renames)
    databases: dict[Arm, Database] = {"primary": primary, "canary": canary}
    with ExitStack() as stack:
        others = []
        if baseline is not None:
            databases["baseline"] = baseline
            name = "shadowgate_baseline"
            others.append(stack.enter_context(following(server, primary, baseline, (), name)))
        follows = stack.enter_context(following(server, primary, canary, load.committed))
        if follows.why_not:
            load = load.reading()
        return _Director(
            databases, load, probes, follows, others, scripts, limits, sampling, seed, dict(renames)
        ).carry_out()


def _vacuum(primary: Database) -> None:
    """Free the room that writes took which were rolled back: on a throw-away server nothing does.

    The planner counts pages, so a table that only grows gets other plans without any migration.
    """
    with primary.connect() as connection:
        connection.execute("VACUUM")


class _Director:
    """Leads a rehearsal from stage to stage."""

    def __init__(
        self,
        databases: dict[Arm, Database],
        load: Load,
        probes: Probes,
        follows: Following,
        others: Sequence[Following],
        scripts: Scripts,
        limits: RolloutSection,
        sampling: Sampling,
        seed: int,
        renames: dict[str, str],
    ) -> None:
        self.load, self.probes, self.follows, self.scripts = load, probes, follows, scripts
        self.following = (follows, *others)
        self.limits, self.rehearsal, self.renames = limits, limits.rehearsal, renames
        self.routing = Routing(self.rehearsal.sessions, baseline="baseline" in databases)
        self.clients = Clients(
            databases,
            load.statements,
            self.routing,
            sampling,
            rate_for(load.statements, os.cpu_count() or 1, self.rehearsal.requests_per_second),
            seed,
            timed=self.rehearsal.judge_latency,
        )
        self.counted = Counted()
        self.compared_until = float("inf")
        self._latency_due = 0.0
        self.spans: list[tuple[StageName, int, float, float]] = []
        self.migrating: tuple[float, float] | None = None

    def carry_out(self) -> CanaryRehearsal:
        with self.clients:
            self._warm_up()
            self.origin = time.monotonic()
            hit = next((found for found in self._stages() if found), None)
            way_back = self._go_back()
        self._stop_following()
        self.counted.take(self.clients.answers, self.origin, self.compared_until)
        with closing(self.clients.acknowledged):
            lost, acknowledged = self._lost(way_back)
        lags = self.follows.lags
        return CanaryRehearsal(
            stages=tuple(self._stage_figures()),
            latency=self.counted.latency(self.limits.latency_percent),
            errors=self.counted.failures(self.limits.error_percent),
            hit=hit,
            way_back=way_back,
            acknowledged=acknowledged,
            lost=lost,
            looks=tuple(self.probes.looks),
            not_probed=self.probes.not_probed,
            lag_ms=max(lags) * 1000 if lags and not self.follows.why_not else None,
            left_out=tuple(
                filter(None, (*self.load.left_out, *self._given_up(), self.follows.why_not))
            ),
            migrating=self.migrating,
            answers=tuple(self.clients.answers),
            origin=self.origin,
            per_second=self.clients.per_second,
            judges_latency=self.rehearsal.judge_latency,
        )

    def _given_up(self) -> Iterator[str]:
        for id_ in self.clients.given_up:
            yield sentence(
                "{query} was asked no more once the unmigrated database took more than "
                "{seconds:g} s for it",
                query=id_,
                seconds=PATIENCE_SECONDS,
            )

    def _warm_up(self) -> None:
        """Let the clients work as in the first stage, and ask less if they are late too often.

        In a queue of its own a session's latencies tell of each other, not of the database.
        """
        self.routing.ask(self.limits.canary_percent)
        seconds = min(_WARM_UP_SECONDS, _WARM_UP_SHARE * self.rehearsal.canary_seconds)
        for _ in range(_SLOW_DOWNS):
            taken = len(self.clients.answers)
            time.sleep(seconds)
            late = [one.started - one.scheduled for one in self.clients.answers[taken:]]
            in_time = late and float(np.quantile(late, _MOSTLY)) < _LATE_SECONDS
            if in_time or not self.rehearsal.judge_latency:
                return
            self.clients.slow_down()

    def _stages(self) -> Iterator[Hit | None]:
        """Each stage and the migration of the primary, until whoever asks has enough."""
        limits, rehearsal = self.limits, self.rehearsal
        yield self._stage("canary", limits.canary_percent, rehearsal.canary_seconds)
        yield self._stage("gradual", limits.gradual_percent, rehearsal.gradual_seconds)
        yield self._migrate_primary()
        self.routing.ask(0)
        yield self._stage("full", 100, rehearsal.full_seconds)

    def _stage(self, name: StageName, percent: int, seconds: float) -> Hit | None:
        began = time.monotonic()
        if name != "full":
            self.routing.ask(percent)
        self.spans.append((name, percent, began - self.origin, began - self.origin))
        hit, next_probe = None, began + self.rehearsal.probe_seconds
        while hit is None and time.monotonic() - began < seconds:
            time.sleep(_LOOK_SECONDS)
            if time.monotonic() >= next_probe:
                hit = self._probe()
                next_probe = time.monotonic() + self.rehearsal.probe_seconds
            hit = hit or self._look()
        if self.rehearsal.judge_latency or name != "canary":
            hit = hit or self._probe(everything=True)
        hit = hit or self._look()
        self._end_stage()
        return hit

    def _end_stage(self) -> None:
        name, percent, began, _ = self.spans.pop()
        self.spans.append((name, percent, began, time.monotonic() - self.origin))

    def _stop_following(self) -> None:
        for copy in self.following:
            copy.stop()

    def _migrate_primary(self) -> Hit | None:
        """Migrate it while the second share goes on; the stage lasts until it is done."""
        self.compared_until = time.monotonic()
        _vacuum(self.probes.primary)
        self._stop_following()
        self.routing.primary_migrated = True
        began = time.monotonic() - self.origin
        run = self.scripts.migrate(self.probes.primary)
        self.migrating = (began, time.monotonic() - self.origin)
        self.routing.new_form = not run.error
        self._end_stage()
        if run.error:
            return self._hit(
                "migration",
                sentence("the primary could not be migrated: {error}", error=run.error.what),
            )
        return self._look()

    def _look(self) -> Hit | None:
        """Whether errors or latency fire now."""
        self.clients.raise_for_error()
        self.counted.take(self.clients.answers, self.origin, self.compared_until)
        now = time.monotonic()
        due = self.rehearsal.judge_latency and now >= self._latency_due
        self._latency_due = now + _LATENCY_SECONDS if due else self._latency_due
        fired = self.counted.fired(self.limits, judges_latency=due)
        return self._hit(*fired) if fired else None

    def _probe(self, *, everything: bool = False) -> Hit | None:
        besides = {
            name
            for one in self.load.committed
            for name in one.touches
            if one.follows and name != one.follows.name
        }
        look = self.probes.look(
            self.follows,
            self._written,
            besides,
            everything=everything,
            migrated=self.routing.primary_migrated,
        )
        return self._hit("integrity", "; ".join(look.wrong.values())) if look.wrong else None

    def _written(self, table: str, keys: Set[Key]) -> set[Key]:
        """Those of some rows of a table that were written since the copies were made."""
        tried = self.follows.tried.get(table, {})
        return {*self.clients.acknowledged.of(table, keys), *(keys & tried.keys())}

    def _hit(self, trigger: Trigger, detail: str) -> Hit:
        name, _, began, _ = self.spans[-1]
        at = time.monotonic() - self.origin
        return Hit(trigger, name, at, at - began, detail)

    def _go_back(self) -> WayBack | None:
        began = time.monotonic()
        self.routing.ask(0)
        self.routing.new_form = False
        error = ""
        if not self.routing.primary_migrated:
            while "canary" in tuple(self.clients.asking.values()):
                time.sleep(0.001)
        elif self.scripts.roll_back is None:
            return None
        else:
            run = self.scripts.roll_back(self.probes.primary)
            error = str(run.error.what) if run.error else ""
            self.routing.primary_migrated = bool(run.error)
        restored = time.monotonic()
        time.sleep(_LOOK_SECONDS)
        failed = [
            one
            for one in self.clients.answers
            if one.sqlstate and one.ended >= began and one.started <= restored
        ]
        return WayBack(
            by_script=self.migrating is not None,
            began=began - self.origin,
            restore_seconds=restored - began,
            failed=len(failed),
            error=error,
        )

    def _lost(self, way_back: WayBack | None) -> tuple[tuple[str, ...], int]:
        """Acknowledged writes that are not there as they were acknowledged; how many there were."""
        tables = {one.follows.name: one.follows for one in self.load.committed if one.follows}
        migrated = self.migrating is not None and (way_back is None or bool(way_back.error))
        lost: list[str] = []
        total = 0
        with self.probes.primary.connect() as connection:
            for name in self.clients.acknowledged.tables():
                now = self.renames.get(name, "") if migrated else ""
                total += self.clients.acknowledged.count(name)
                for written in self.clients.acknowledged.batches(name):
                    lost += _lost_of(name, written, tables[name].rows(connection, written, now))
        return tuple(lost[:_LOST_SHOWN]), total

    def _stage_figures(self) -> Iterator[Stage]:
        for name, percent, began, ended in self.spans:
            inside = [
                one for one in self.clients.answers if began <= one.scheduled - self.origin < ended
            ]
            arms = sorted({(one.arm, one.migrated) for one in inside}, reverse=True)
            yield Stage(name, percent, began, ended, tuple(_figures(inside, *arm) for arm in arms))


def _lost_of(name: str, written: Mapping[Key, str], there: Mapping[Key, str]) -> Iterator[str]:
    for key, row in written.items():
        named = f"({', '.join(key)})"
        if key not in there:
            yield sentence(
                "{table}: the row {row} was acknowledged and is not there",
                table=name,
                row=named,
            )
        elif there[key] != row:
            yield sentence(
                "{table}: the row {row} is not as it was acknowledged",
                table=name,
                row=named,
            )


def _figures(answers: Sequence[Answer], arm: Arm, migrated: bool) -> ArmFigures:
    own = [one for one in answers if (one.arm, one.migrated) == (arm, migrated)]
    times = np.array([one.latency * 1000 for one in own if not one.sqlstate and not one.wrote])
    quantiles = np.quantile(times, (0.5, 0.95, 0.99)) if times.size else np.full(3, np.nan)
    errors = sum(bool(one.sqlstate) for one in own)
    return ArmFigures(arm, migrated, len(own), errors, *map(float, quantiles))
