"""What a script announces, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from shadowgate.catalogue import ObjectId
from shadowgate.catalogue.expect import Expectation
from shadowgate.catalogue.object_kinds import KINDS
from shadowgate.catalogue.sentences import named
from shadowgate.evidence import Table
from shadowgate.language import sentence
from shadowgate.migrate.announced.names import Names

Effect = Literal["create", "change", "drop"]
RowEffect = Literal["insert", "update", "delete", "truncate", "convert", "refresh"]


@dataclass(frozen=True)
class ObjectChange:
    """One object that the script creates, changes or drops."""

    effect: Effect
    kind: str
    """As in the catalogue snapshot; some of its kinds no expectation can name (``operator``)."""
    names: Names
    """Shell-style patterns of which one is meant: schemas of the search path that may hold it, or
    numbers that PostgreSQL puts after a name that is taken."""
    line: int
    statement: str
    """On one line."""
    certain: bool = True
    """False if it may happen or not: IF EXISTS, OR REPLACE, a change to what is so already."""
    attributes: tuple[str, ...] = ()
    """Of a change, shell-style; a change of the object's parts is meant too."""
    reason: str = ""
    """Of an effect on privileges: why it is meant; empty if the script does not say."""
    lists_all: bool = False
    """Whether it lists what there is from now on: what it leaves out is not announced as gone."""

    def __str__(self) -> str:
        may = "" if self.certain or self.effect == "change" else "may "
        verb = self.effect if may else f"{self.effect}s"
        what = f" ({', '.join(self.attributes)})" if self.attributes else ""
        return f"line {self.line}: {may}{verb} {self.kind} {self.names[0]}{what}"


@dataclass(frozen=True)
class Renaming:
    """An object that gets another name or schema; what mentions it changes in its wording."""

    kind: str
    old: Names
    new: Names
    line: int
    certain: bool = True
    """False if it may happen or not."""


@dataclass(frozen=True)
class RowChange:
    """Rows that the script writes by statements of its own; what triggers write is not among it."""

    table: str
    """Qualified, as in the snapshot."""
    columns: tuple[str, ...] | Literal["*"]
    """``*`` where whole rows come or go."""
    kind: RowEffect
    """``convert``: a column whose type changes; ``refresh``: of a materialized view."""
    line: int


@dataclass(frozen=True)
class OpaqueStatement:
    """A statement of which the text does not tell all that it does."""

    line: int
    statement: str
    why: str
    """In a clause."""

    def __str__(self) -> str:
        return sentence(
            "line {line}: {statement}: {why}",
            line=self.line,
            statement=self.statement,
            why=self.why,
        )


@dataclass(frozen=True)
class Announcement:
    """All that a script says of its effects."""

    objects: tuple[ObjectChange, ...] = ()
    privileges: tuple[ObjectChange, ...] = ()
    """Owners, grants, policies, rights lent: announced only where they have a ``reason``."""
    rows: tuple[RowChange, ...] = ()
    opaque: tuple[OpaqueStatement, ...] = ()
    renamings: tuple[Renaming, ...] = ()
    attached: tuple[Names, ...] = ()
    """Tables that become or cease to be a partition."""
    mentioned: frozenset[str] = frozenset()
    """Objects in schemas that its statements are about, in each schema that may hold them."""

    @property
    def effects(self) -> tuple[ObjectChange, ...]:
        """All object changes that count as announced."""
        return (*self.objects, *(change for change in self.privileges if change.reason))

    def expectation(self) -> Expectation:
        """As patterns, of the text alone: it covers all that may happen, certain or not.

        What must have happened, and what comes along with it, is told by
        :func:`~shadowgate.migrate.announced.between.expectation_between`, which sees both states.
        """
        return expectation_of(
            (change.effect, change.kind, f"{name}:{attribute}" if attribute else name)
            for change in self.effects
            for name in change.names
            for attribute in change.attributes or ("",)
        )

    def table(self) -> Table:
        """As a table of evidence: objects, then effects on privileges with their reasons."""
        rows = [(str(item.line), item.statement, *_said(item)) for item in self.objects]
        rows += [
            (
                str(item.line),
                item.statement,
                _said(item)[0],
                item.reason or sentence("nobody says why"),
            )
            for item in self.privileges
        ]
        rows += [
            (str(item.line), item.statement, sentence("not known"), item.why)
            for item in self.opaque
        ]
        return Table("What the script announces", ("line", "statement", "effect", ""), tuple(rows))


def _said(change: ObjectChange) -> tuple[str, str]:
    name = named(ObjectId(change.kind, change.names[0]))
    if change.attributes:
        name = sentence(
            "{object} ({attributes})", object=name, attributes=", ".join(change.attributes)
        )
    sure = change.certain or change.effect == "change"
    match change.effect:
        case "create" if sure:
            words = sentence("creates {object}", object=name)
        case "create":
            words = sentence("may create {object}", object=name)
        case "change":
            words = sentence("changes {object}", object=name)
        case "drop" if sure:
            words = sentence("drops {object}", object=name)
        case "drop":
            words = sentence("may drop {object}", object=name)
    return words, "" if change.certain or change.effect == "change" else sentence("if need be")


def expectation_of(effects: Iterable[tuple[Effect, str, str]]) -> Expectation:
    """Sort names by effect and kind; kinds that an expectation does not know are left out."""
    sorted_: dict[Effect, dict[str, dict[str, None]]] = {"create": {}, "change": {}, "drop": {}}
    for effect, kind, name in effects:
        if kind in KINDS:
            sorted_[effect].setdefault(kind, {})[name] = None
    return Expectation(*({k: tuple(n) for k, n in kinds.items()} for kinds in sorted_.values()))


def merged(*expectations: Expectation) -> Expectation:
    """One expectation of what any of several announces: a plan's and the text's."""

    def together(names: Iterable[Mapping[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for mapping in names:
            for kind, patterns in mapping.items():
                found[kind] = tuple(dict.fromkeys((*found.get(kind, ()), *patterns)))
        return found

    return Expectation(
        creates=together(item.creates for item in expectations),
        changes=together(item.changes for item in expectations),
        drops=together(item.drops for item in expectations),
    )
