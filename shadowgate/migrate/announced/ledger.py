"""Collects the effects of a script's statements one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from shadowgate.catalogue.object_kinds import STORED
from shadowgate.language import sentence
from shadowgate.migrate.announced.model import (
    Announcement,
    Effect,
    ObjectChange,
    OpaqueStatement,
    Renaming,
    RowChange,
    RowEffect,
)
from shadowgate.migrate.announced.names import Names, quoted
from shadowgate.migrate.script import Statement

_NO_SCHEMAS = frozenset({"$user", "pg_catalog", "pg_temp", "information_schema", ""})


@dataclass
class Ledger:
    """What has been announced so far, and where unqualified names lead at this point."""

    search_path: tuple[str, ...]
    line: int = 0
    statement: str = ""
    reason: str = ""
    """Why the current statement's effects on privileges are meant."""
    _effects: list[ObjectChange] = field(default_factory=list)
    _privileges: list[ObjectChange] = field(default_factory=list)
    _rows: list[RowChange] = field(default_factory=list)
    _opaque: list[OpaqueStatement] = field(default_factory=list)
    _renamings: list[Renaming] = field(default_factory=list)
    _attached: list[Names] = field(default_factory=list)
    _temporary: set[str] = field(default_factory=set)
    _objects: set[str] = field(default_factory=set)
    _perhaps: list[ObjectChange] = field(default_factory=list)
    """What may happen, and leaves what was said before as it is."""

    def begin(self, statement: Statement, reason: str) -> None:
        """Say which statement the following effects belong to."""
        self.line, self.statement, self.reason = statement.line, statement.excerpt, reason

    def schemas(self) -> tuple[str, ...]:
        """Schemas of the search path that a migration's objects can be in."""
        return tuple(name for name in self.search_path if name not in _NO_SCHEMAS) or ("public",)

    def new(self, relation: Any) -> Names:
        """The name of a relation that is created; none for a temporary one."""
        if relation.relpersistence == "t" or _is_temporary(relation.schemaname):
            self._temporary.add(relation.relname)
            return ()
        return self.new_name(relation.schemaname, relation.relname)

    def new_name(self, schema: str | None, name: str) -> Names:
        """The name of an object that is created: in the first schema of the search path."""
        return (f"{quoted(schema or self.schemas()[0])}.{quoted(name)}",)

    def known(self, relation: Any) -> Names:
        """The names of a relation that is there: one for each schema that it can be in."""
        return self.known_name(relation.schemaname, relation.relname)

    def known_name(self, schema: str | None, name: str) -> Names:
        """The same, of any object in a schema."""
        if _is_temporary(schema) or (not schema and name in self._temporary):
            return ()
        candidates = tuple(
            f"{quoted(each)}.{quoted(name)}" for each in ((schema,) if schema else self.schemas())
        )
        made = [each for each in candidates if self._is_made_here(None, (each,))]
        self._objects.update(candidates)
        return tuple(made[:1]) or candidates

    def create(self, kind: str, names: Names, *, certain: bool = True) -> None:
        """Note an object that is created."""
        self._note("create", kind, names, certain=certain)

    def drop(self, kind: str, names: Names, *, certain: bool = True) -> None:
        """Note an object that is dropped, and forget what was said of its parts."""
        if kind in STORED:
            self.loosen("index", "statistics", "sequence")
        if self._is_made_here(kind, names):
            self._effects = [change for change in self._effects if not _is_new(change, kind, names)]
        else:
            self._note("drop", kind, names, certain=certain)
        self._effects = [
            change
            for change in self._effects
            if change.effect == "drop" or not _is_part(change, names)
        ]

    def drops(self, kind: str, names: Names) -> bool:
        """Whether an object that was there before is dropped."""
        return any(said.effect == "drop" and _is_about(said, kind, names) for said in self._effects)

    def change(self, kind: str, names: Names, *attributes: str, lists_all: bool = False) -> None:
        """Note attributes that may have changed afterwards, of an object or its parts."""
        if names:
            said = self._made("change", kind, names, certain=False, attributes=attributes)
            self._effects.append(replace(said, lists_all=lists_all))

    def mend(self, kind: str, names: Names, *attributes: str) -> None:
        """Note that an object gets sound: one of this script is then left without the flaw."""
        if not self._is_made_here(kind, names):
            self.change(kind, names, *attributes)
            return
        self._effects = [
            change
            for change in self._effects
            if change.effect != "change"
            or not _is_about(change, kind, names)
            or not {*change.attributes} & {*attributes}
        ]

    def privilege(self, effect: Effect, kind: str, names: Names, *attributes: str) -> None:
        """Note an effect on who may do what."""
        if names:
            said = self._made(effect, kind, names, certain=False, attributes=attributes)
            self._privileges.append(replace(said, reason=self.reason))

    def rename(self, kind: str, old: Names, new: Names, *, certain: bool = True) -> None:
        """Note another name or schema; what was said of the object before is said of the new."""
        pairs = tuple(zip(old, new, strict=True))
        made_here = self._is_made_here(kind, old)
        stayed: list[ObjectChange] = []
        moved: list[ObjectChange] = []
        for change in self._effects:
            is_own = _is_about(change, kind, old)
            if change.effect == "drop" or (is_own and not made_here):
                stayed.append(change)
            elif is_own or _is_part(change, old):
                moved.append(_moved(change, pairs))
            else:
                stayed.append(change)
        # What moves is there from now on, whatever bore the new name before.
        self._effects = stayed + moved
        if not made_here:
            self.drop(kind, old, certain=certain)
            self.create(kind, new, certain=certain)
            self._renamings.append(Renaming(kind, old, new, self.line))
            return
        self._renamings = [
            replace(item, new=new) if (item.kind, item.new) == (kind, old) else item
            for item in self._renamings
        ]

    def loosen(self, *kinds: str) -> None:
        """Be no longer certain of objects of some kinds, or of any, that may be gone again."""
        self._effects = [
            replace(change, certain=False)
            if change.effect == "create" and (not kinds or change.kind in kinds)
            else change
            for change in self._effects
        ]

    def doubt(self) -> None:
        """Be no longer certain of anything: some of it is rolled back."""
        self._effects = [replace(change, certain=False) for change in self._effects]

    def cascade(self) -> None:
        """Note that a statement drops whatever depends on what it names."""
        self.unclear(sentence("CASCADE drops whatever depends on it"))
        self.loosen()

    def apart(self) -> Ledger:
        """An empty ledger for a part of the current statement that may be carried out or not."""
        return Ledger(
            self.search_path, self.line, self.statement, self.reason, _temporary=self._temporary
        )

    def perhaps(self, part: Ledger) -> None:
        """Note what such a part does as what may happen; its rows are not announced."""
        said = [replace(change, certain=False) for change in part._effects]
        for each in said:
            if each.effect == "drop" and each.kind in STORED:
                self.loosen("index", "statistics", "sequence")
        self._effects = [
            replace(change, certain=False)
            if change.effect == "create" and any(_may_end(each, change) for each in said)
            else change
            for change in self._effects
        ]
        self._perhaps += said
        self._privileges += part._privileges
        self._attached += part._attached
        self._renamings += [replace(item, certain=False) for item in part._renamings]

    def attach(self, child: Names) -> None:
        """Note a table that becomes or ceases to be a partition."""
        if child:
            self._attached.append(child)

    def write(
        self, table: Names, kind: RowEffect, columns: tuple[str, ...] | Literal["*"] = "*"
    ) -> None:
        """Note rows that are written."""
        for name in table:
            self._rows.append(RowChange(name, columns, kind, self.line))

    def unclear(self, why: str) -> None:
        """Note that the current statement does what its text does not tell."""
        self._opaque.append(OpaqueStatement(self.line, self.statement, why))

    def announcement(self) -> Announcement:
        """All of it; of several things that befell an object's existence, the last counts."""
        last = {
            (change.kind, change.names[0]): place
            for place, change in enumerate(self._effects)
            if change.effect != "change"
        }
        kept = [
            change
            for place, change in enumerate(self._effects)
            if change.effect == "change" or last[change.kind, change.names[0]] == place
        ]
        return Announcement(
            objects=tuple(dict.fromkeys((*kept, *self._perhaps))),
            privileges=tuple(self._privileges),
            rows=tuple(self._rows),
            opaque=tuple(dict.fromkeys(self._opaque)),
            renamings=tuple(self._renamings),
            attached=tuple(self._attached),
            mentioned=frozenset(self._objects),
        )

    def _note(self, effect: Effect, kind: str, names: Names, *, certain: bool) -> None:
        if names:
            self._effects.append(self._made(effect, kind, names, certain=certain))

    def _made(
        self,
        effect: Effect,
        kind: str,
        names: Names,
        *,
        certain: bool,
        attributes: tuple[str, ...] = (),
    ) -> ObjectChange:
        return ObjectChange(effect, kind, names, self.line, self.statement, certain, attributes)

    def _is_made_here(self, kind: str | None, names: Names) -> bool:
        """Whether the last that befell an object's existence is that this script created it."""
        befell = [
            change.effect == "create" and change.certain
            for change in self._effects
            if change.effect != "change" and _is_about(change, kind or change.kind, names)
        ]
        return bool(befell) and befell[-1]


def _is_temporary(schema: str | None) -> bool:
    return bool(schema) and str(schema).startswith("pg_temp")


def _is_about(change: ObjectChange, kind: str, names: Names) -> bool:
    return change.kind == kind and not {*change.names}.isdisjoint(names)


def _is_part(change: ObjectChange, wholes: Names) -> bool:
    return any(name.startswith(f"{whole}.") for whole in wholes for name in change.names)


def _may_end(said: ObjectChange, change: ObjectChange) -> bool:
    """Whether an effect may undo the existence of what another one is about."""
    return said.effect == "drop" and (
        _is_about(change, said.kind, said.names) or _is_part(change, said.names)
    )


def _is_new(change: ObjectChange, kind: str, names: Names) -> bool:
    """Whether it is about the object that this script made, not one that was there before."""
    return change.effect != "drop" and _is_about(change, kind, names)


def _moved(change: ObjectChange, pairs: tuple[tuple[str, str], ...]) -> ObjectChange:
    return replace(change, names=tuple(_new_name(name, pairs) for name in change.names))


def _new_name(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        if name == old or name.startswith(f"{old}."):
            return new + name[len(old) :]
    return name
