"""What a migration announces: by its plan, or where it has none, by its statements' own text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from shadowgate.catalogue import (
    LARGE_OBJECTS,
    AllowedChanges,
    ContentComparison,
    Deviations,
    Expectation,
    RowDifferences,
    Snapshot,
)
from shadowgate.catalogue.expect import Names
from shadowgate.evidence import Table
from shadowgate.migrate import Script
from shadowgate.migrate.announced import Announcement, announced, judge_announced
from shadowgate.phases.facts import bare
from shadowgate.phases.migration.renamed import judge_by_plan
from shadowgate.phases.runner import session_of
from shadowgate.plan import Plan

_BY_COLUMN = ("update", "convert")
"""Kinds of changed rows that leave all rows where they are."""


@dataclass(frozen=True)
class Announced:
    """What the migration is to change; everything else that it changes is drift."""

    objects: Expectation
    rows: AllowedChanges
    """Data that may hold other values."""
    declared: AllowedChanges = field(default_factory=AllowedChanges)
    """Those of them that a plan declares: a rollback need not bring the old values back."""
    gains: frozenset[str] = frozenset()
    """Tables that rows are inserted into."""
    losses: frozenset[str] = frozenset()
    """Tables that rows are deleted from."""
    tables: frozenset[str] = field(default=frozenset())
    """Tables and other objects in schemas that the statements name, with their schema."""
    renames: Mapping[str, str] = field(default_factory=dict)
    """Tables that get another name, by a plan: old name -> new one."""
    text: Announcement | None = None
    """What the statements say, where they are what counts."""

    def deviations(self, before: Snapshot, after: Snapshot) -> Deviations:
        """Sort the differences between two states of the catalogues by what is announced."""
        if self.text is not None:
            return judge_announced(self.text, before, after, self.objects)
        return judge_by_plan(before, after, self.objects, self.renames)

    @property
    def drops(self) -> Names:
        """What is announced as dropped: kind -> names."""
        return self.text.expectation().drops if self.text else self.objects.drops

    def by_old_names(self, renamed: Mapping[str, str]) -> Announced:
        """The same of data, where statements say it of tables under their new names.

        Args:
            renamed: tables that have another name since: old name -> new one.
        """
        columns = dict(self.rows.columns)
        for old, new in renamed.items():
            both = {*columns.get(old, ()), *columns.get(new, ())}
            if both:
                columns[old] = _columns(both)
        return replace(
            self,
            rows=AllowedChanges(columns),
            gains=self.gains | {old for old, new in renamed.items() if new in self.gains},
            losses=self.losses | {old for old, new in renamed.items() if new in self.losses},
        )

    def drops_by_old_names(self, renamed: Mapping[str, str]) -> Names:
        """What is announced as dropped, the columns of renamed tables under both names."""
        columns = self.drops.get("column", ())
        before = (
            f"{old}.{name.removeprefix(f'{new}.')}"
            for old, new in renamed.items()
            for name in columns
            if name.startswith(f"{new}.")
        )
        return {**self.drops, "column": (*columns, *before)}

    def excused(self, content: ContentComparison) -> ContentComparison:
        """A comparison less the rows that were announced to come or to go."""
        differing = tuple(rows for rows in content.differing if not self._excuses(rows))
        # What a statement writes may be what another one of the script has made.
        unknown = () if self.text else content.unknown
        return replace(content, differing=differing, unknown=unknown)

    def _excuses(self, rows: RowDifferences) -> bool:
        # That a large object is new no statement says, and nobody loses anything by it.
        if rows.changed or rows.columns_lost:
            return False
        gained = not (rows.added or rows.doubled) or rows.table in {*self.gains, LARGE_OBJECTS}
        return gained and (not rows.lost or rows.table in self.losses)

    def changes_data_of(self, relations: Collection[str]) -> str:
        """The first of some tables, named without schema, whose data is meant to change."""
        meant = {*self.rows.columns, *self.gains, *self.losses}
        names = {bare(name) for name in meant}
        return next((name for name in sorted(relations) if name in names), "")

    def tables_of_evidence(self) -> tuple[Table, ...]:
        """What was derived from the text, for the report."""
        return (self.text.table(),) if self.text else ()


def announced_by(plan: Plan, script: Script) -> Announced:
    """What a plan announces; what the script's text does where there is no plan file."""
    objects = Expectation(
        creates=plan.creates.by_kind(), changes=plan.changes.by_kind(), drops=plan.drops.by_kind()
    )
    said = announced(
        script,
        text=script.path.read_text(encoding="utf-8-sig"),
        search_path=session_of(plan.runner).schemas or ("public",),
    )
    tables = said.mentioned | {change.table for change in said.rows}
    if not plan.derived:
        declared = AllowedChanges(plan.changes.rows)
        return Announced(objects, declared, declared, tables=tables, renames=plan.renames)
    changed: dict[str, set[str]] = {}
    for change in said.rows:
        if change.kind in _BY_COLUMN:
            changed.setdefault(change.table, set()).update(change.columns)
        elif change.kind in ("truncate", "refresh"):
            changed[change.table] = {"*"}
    return Announced(
        objects,
        AllowedChanges({table: _columns(names) for table, names in changed.items()}),
        gains=frozenset(each.table for each in said.rows if each.kind == "insert"),
        losses=frozenset(each.table for each in said.rows if each.kind == "delete"),
        tables=tables,
        text=said,
    )


def _columns(names: Collection[str]) -> tuple[str, ...]:
    return ("*",) if "*" in names else tuple(sorted(names))
