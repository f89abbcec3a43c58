"""Reads a plan file: TOML into the sections, with an error that names key and file."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import cattrs
from cattrs.errors import ForbiddenExtraKeysError

from shadowgate.errors import PlanError
from shadowgate.language import joined, sentence
from shadowgate.plan.calendar import calendar_of
from shadowgate.plan.sections import (
    TRANSACTIONS,
    LaterSection,
    PerformanceSection,
    Plan,
    ProbeSection,
    RolloutSection,
    WaiverSection,
)

T = TypeVar("T")

NAME_BYTES = 40
"""Of the shadow: PostgreSQL has 63, and what comes after it has no more than the rest."""


def read_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises:
        PlanError: the file is missing or not TOML, a key is unknown, a value has the wrong type
            or lies outside what is allowed, or a file that it names does not exist.
    """
    document = _parse(path)
    if "path" in document:
        raise PlanError(
            "unknown key 'path'",
            where=sentence("{path}, key path", path=path),
            todo="remove it",
        )
    try:
        plan = strict_converter().structure(document, Plan)
    except cattrs.BaseValidationError as error:
        raise PlanError(
            sentence("the plan cannot be used: {sentences}", sentences=sentences(error)),
            where=str(path),
            todo="mend the keys named; docs/reference.md lists every key with its type",
        ) from error
    plan = _resolved(dataclasses.replace(plan, path=path))
    _check_limits(plan)
    calendar_of(plan.rollout.skip_weekends, plan.rollout.holidays)
    return plan


def _parse(path: Path) -> dict[str, Any]:
    """Read TOML, turning each way to fail into a sentence."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PlanError(
            sentence("the plan {path} does not exist", path=path),
            todo="name a .toml file with --plan",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(
            sentence("the plan cannot be read: {error}", error=error), where=str(path)
        ) from error
    except tomllib.TOMLDecodeError as error:
        if date := _no_date(path, str(error)):
            raise PlanError(
                sentence("there is no {date} in the calendar", date=date),
                where=str(path),
                todo="write a date that exists, such as 2026-02-28",
            ) from error
        raise PlanError(
            sentence("the plan is not valid TOML: {error}", error=error),
            where=str(path),
        ) from error


def _no_date(path: Path, said: str) -> str:
    """The date that TOML refused because it does not exist; empty if it refused something else."""
    at = re.search(r"date.*\(at line (\d+)", said)
    if at is None:
        return ""
    line = path.read_text(encoding="utf-8").splitlines()[int(at[1]) - 1]
    written = re.search(r"\d{4}-\d\d-\d\d", line)
    return written[0] if written else ""


def strict_converter() -> cattrs.Converter:
    """Structure without coercion: ``"5"`` is no number and ``1`` is no truth value."""
    converter = cattrs.Converter(forbid_extra_keys=True)

    def exactly(kind: type[T], *accepted: type) -> None:
        def structure(value: Any, _: Any) -> T:
            if type(value) not in accepted:
                raise TypeError(
                    sentence("expected {type}, got {value!r}", type=kind.__name__, value=value)
                )
            return kind(value)  # type: ignore[call-arg]

        converter.register_structure_hook(kind, structure)

    exactly(int, int)
    exactly(str, str)
    exactly(bool, bool)
    exactly(float, int, float)
    exactly(Path, str)

    def structure_date(value: Any, _: Any) -> dt.date:
        if type(value) is not dt.date:
            raise TypeError(
                sentence("expected a date such as 2026-02-13, got {value!r}", value=value)
            )
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
            raise TypeError(sentence("expected a list, got {value!r}", value=value))
        inner = get_args(kind)[0]
        if inner is Any:
            return lenient(value, kind)
        return tuple(converter.structure(item, inner) for item in value)

    converter.register_structure_hook_func(is_list, structure)


def sentences(error: cattrs.BaseValidationError) -> str:
    """What is wrong with a document, key by key."""
    said: dict[str, str] = {}

    def in_words(problem: BaseException, kind: type | None) -> str:
        what = _in_words(problem, kind)
        return said.setdefault(what, what)

    lines = cattrs.transform_error(error, path="", format_exception=in_words)
    return joined("; ", (_at(line, said) for line in lines))


def _at(line: str, said: Mapping[str, str]) -> str:
    what, _, key = line.rpartition(" @ ")
    # TRANSLATORS: what is wrong with a key of a plan, and which key it is
    return sentence("{what} @ {key}", what=said.get(what, what), key=key)


def _in_words(error: BaseException, _type: type | None) -> str:
    if isinstance(error, ForbiddenExtraKeysError) and error.cl is not None:
        allowed = sorted(f.name for f in dataclasses.fields(error.cl) if f.name != "path")
        unknown = ", ".join(sorted(error.extra_fields))
        return sentence("unknown key {key} (allowed: {keys})", key=unknown, keys=", ".join(allowed))
    if isinstance(error, KeyError):
        return sentence("missing key {key}", key=error.args[0])
    return str(error.args[0]) if error.args else str(error)


@dataclasses.dataclass(frozen=True)
class _Paths:
    """Paths of a plan file, which are relative to it."""

    plan: Path

    def beside(self, path: Path) -> Path:
        """The absolute path, whether anything is there or not."""
        return (self.plan.resolve().parent / path).resolve()

    def there(self, key: str, path: Path) -> Path:
        """The absolute path.

        Raises:
            PlanError: nothing is there.
        """
        full = self.beside(path)
        if not full.exists():
            raise PlanError(
                sentence("{full} does not exist", full=full),
                where=sentence("{plan}, key {key}", plan=self.plan, key=key),
                todo="name a file that is there, relative to the plan file",
            )
        return full

    def optional(self, key: str, path: Path | None) -> Path | None:
        """The absolute path, if one is given."""
        return None if path is None else self.there(key, path)

    def of_later(self, later: LaterSection) -> LaterSection:
        """An optimisation with absolute paths."""
        key = f"simulation.later.{later.name}"
        return dataclasses.replace(
            later,
            migration=self.optional(f"{key}.migration", later.migration),
            rollback=self.optional(f"{key}.rollback", later.rollback),
            rewrites=self.optional(f"{key}.rewrites", later.rewrites),
        )


def _resolved(plan: Plan) -> Plan:
    """Make every path absolute, relative to the plan file, and see that what is read exists."""
    paths = _Paths(plan.path)
    backup, workload, baseline = plan.backup, plan.workload, plan.performance.baseline
    return dataclasses.replace(
        plan,
        migration=paths.beside(plan.migration),
        rollback=paths.beside(plan.rollback) if plan.rollback else None,
        backup=dataclasses.replace(
            backup,
            path=paths.beside(backup.path) if backup.path else None,
            generator=paths.optional("backup.generator", backup.generator),
            apply=tuple(paths.there("backup.apply", path) for path in backup.apply),
        ),
        workload=dataclasses.replace(
            workload,
            queries=paths.optional("workload.queries", workload.queries),
            rewrites=paths.optional("workload.rewrites", workload.rewrites),
        ),
        performance=dataclasses.replace(
            plan.performance, baseline=paths.beside(baseline) if baseline else None
        ),
        production=dataclasses.replace(
            plan.production,
            preflight=paths.optional("production.preflight", plan.production.preflight),
        ),
        simulation=dataclasses.replace(
            plan.simulation, later=tuple(paths.of_later(later) for later in plan.simulation.later)
        ),
    )


Rule = tuple[bool, str, str]
"""Whether it holds, the key that it is about, and what is allowed."""


def _check_limits(plan: Plan) -> None:
    """Refuse values that would make a check meaningless."""
    rules = (*_performance_rules(plan.performance), *_rollout_rules(plan.rollout))
    for holds, key, allowed in (*rules, *_other_rules(plan)):
        if not holds:
            raise PlanError(
                sentence("{key} is out of range", key=key),
                where=sentence("{path}, key {key}", path=plan.path, key=key),
                todo=sentence("allowed: {allowed}", allowed=allowed),
            )
    _check_series(plan)
    names = [probe.name for probe in plan.probes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PlanError(
            sentence("probes share the name {twice}", twice=", ".join(twice)),
            where=str(plan.path),
            todo="rename one",
        )


def _performance_rules(performance: PerformanceSection) -> Iterator[Rule]:
    reasons = all(each.percent > 0 and each.reason.strip() for each in performance.limits)
    pairs = performance.max_pairs >= performance.min_pairs
    yield performance.limit_percent > 0, "performance.limit_percent", sentence("above 0")
    yield reasons, "performance.limits", sentence("percent above 0, with a reason")
    yield performance.floor_ms >= 0, "performance.floor_ms", sentence("0 or more")
    yield performance.baseline_rounds >= 10, "performance.baseline_rounds", sentence("at least 10")
    yield performance.min_pairs >= 6, "performance.min_pairs", sentence("at least 6")
    yield pairs, "performance.max_pairs", sentence("at least performance.min_pairs")
    yield performance.budget_seconds > 0, "performance.budget_seconds", sentence("above 0")
    targets = all(0 < percent < 100 for percent in performance.targets.values())
    yield targets, "performance.targets", sentence("between 0 and 100")
    yield performance.layout_seconds > 0, "performance.layout_seconds", sentence("above 0")


def _rollout_rules(rollout: RolloutSection) -> Iterator[Rule]:
    days = {"preproduction": 1, "canary": 1, "gradual": 4, "stabilisation": 1}
    for stage, fewest in days.items():
        key = f"{stage}_days"
        yield (
            getattr(rollout, key) >= fewest,
            f"rollout.{key}",
            sentence("{fewest} or more", fewest=fewest),
        )
    shares = 0 < rollout.canary_percent < rollout.gradual_percent < 100
    yield shares, "rollout.canary_percent", sentence("0 < canary_percent < gradual_percent < 100")
    yield rollout.latency_percent > 0, "rollout.latency_percent", sentence("above 0")
    yield rollout.error_percent >= 0, "rollout.error_percent", sentence("0 or more")
    rehearsal = rollout.rehearsal
    for key in ("canary_seconds", "gradual_seconds", "full_seconds", "probe_seconds"):
        yield getattr(rehearsal, key) > 0, f"rollout.rehearsal.{key}", sentence("above 0")
    yield rehearsal.sessions >= 5, "rollout.rehearsal.sessions", sentence("5 or more")
    rate = rehearsal.requests_per_second
    yield rate is None or rate > 0, "rollout.rehearsal.requests_per_second", sentence("above 0")


def _other_rules(plan: Plan) -> Iterator[Rule]:
    now, after = plan.traffic, plan.traffic.after or plan.traffic
    paired = (len(after.reads), len(after.writes)) == (len(now.reads), len(now.writes))
    yield plan.schema == 1, "schema", sentence("1, the only version there is")
    short = 0 < len(plan.database.encode()) <= NAME_BYTES
    yield (
        short,
        "database",
        sentence("1 to {bytes} bytes: copies are called after it", bytes=NAME_BYTES),
    )
    shares = all(share >= 0 for share in plan.workload.weights.values())
    yield shares, "workload.weights", sentence("0 or more")
    simulation = plan.simulation
    yield simulation.rounds >= 6, "simulation.rounds", sentence("at least 6")
    yield (
        simulation.max_rounds >= simulation.rounds,
        "simulation.max_rounds",
        sentence("at least the rounds"),
    )
    yield simulation.budget_seconds > 0, "simulation.budget_seconds", sentence("more than 0")
    rows, generated = plan.backup.rows, plan.backup.generator is not None
    yield rows is not None or not generated, "backup.rows", sentence("a number, for the generator")
    yield rows is None or rows >= 1_000, "backup.rows", sentence("at least 1000")
    yield (
        bool(plan.backup.table) or not plan.backup.geometry,
        "backup.table",
        sentence("that of geometry"),
    )
    yield plan.undo.max_seconds > 0, "undo.max_seconds", sentence("above 0")
    known = plan.runner.transaction in TRANSACTIONS
    yield known, "runner.transaction", " or ".join(TRANSACTIONS)
    yield plan.runner.instances >= 1, "runner.instances", sentence("1 or more")
    production = plan.production
    counted = all(rows >= 0 for rows in production.rows.values())
    room = all(limit is None or limit > 0 for limit in (production.wal_gb, production.disk_gb))
    yield counted, "production.rows", sentence("0 or more")
    yield room, "production.wal_gb or production.disk_gb", sentence("above 0")
    yield (
        paired,
        "traffic.after",
        sentence("one statement for each of traffic.reads and traffic.writes"),
    )
    yield from (rule for probe in plan.probes for rule in _probe_rules(probe))
    yield from (rule for waiver in plan.waivers for rule in _waiver_rules(waiver))


def _probe_rules(probe: ProbeSection) -> Iterator[Rule]:
    key = f"probes.{probe.name}"
    verified = probe.sessions == 1 or not probe.expect or bool(probe.verify)
    either = not probe.error or not (probe.expect or probe.verify)
    yield probe.sessions >= 1, f"{key}.sessions", sentence("at least 1")
    yield verified, f"{key}.expect", sentence("with several sessions: the rows of a verify query")
    yield either, f"{key}.error", sentence("an error or rows, not both")


def _waiver_rules(waiver: WaiverSection) -> Iterator[Rule]:
    key = f"waivers.{waiver.rule}"
    yield bool(waiver.reason.strip()), f"{key}.reason", sentence("a reason: the report shows it")
    yield _is_pattern(waiver.statement), f"{key}.statement", sentence("a regular expression")


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _check_series(plan: Plan) -> None:
    """Refuse an optimisation that builds on one that does not come before it."""
    before: set[str] = set()
    for later in plan.simulation.later:
        if later.builds_on and later.builds_on not in before:
            raise PlanError(
                sentence(
                    "{name} builds on {builds_on}, which does not come before it",
                    name=later.name,
                    builds_on=later.builds_on,
                ),
                where=sentence("{path}, key simulation.later.builds_on", path=plan.path),
                todo="name one that is listed before it and has a migration",
            )
        if later.migration is not None:
            before.add(later.name)
