"""What a change of an attribute says, in one short sentence. Pure: no database is needed.

A change is given as the values before and after. Where those would hide the point, the point is
given instead: which role lost which privilege, which item a list lost, which relation a view reads
now, where a long text begins to differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shadowgate.catalogue.snapshot import ObjectId
from shadowgate.language import Sentence, joined, sentence

_PRIVILEGES: Mapping[str, str] = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "m": "MAINTAIN",
    "X": "EXECUTE",
    "U": "USAGE",
    "C": "CREATE",
    "c": "CONNECT",
    "T": "TEMPORARY",
    "s": "SET",
    "A": "ALTER SYSTEM",
}
"""PostgreSQL's letters of access privileges."""

_ACCESS = re.compile(r'^(?P<role>"(?:[^"]|"")*"|[^="]*)=(?P<letters>(?:[a-zA-Z]\*?)*)/')
_WORD = re.compile(r'(?:"(?:[^"]|"")*"|\w+)(?:\.(?:"(?:[^"]|"")*"|\w+))*|\S')
_BEFORE_A_RELATION = frozenset({"from", "join", "only"})

_NAMED: Mapping[str, str] = {
    "schema": sentence("schema {name}"),
    "table": sentence("table {name}"),
    "foreign table": sentence("foreign table {name}"),
    "view": sentence("view {name}"),
    "materialized view": sentence("materialized view {name}"),
    "column": sentence("column {name}"),
    "constraint": sentence("constraint {name}"),
    "index": sentence("index {name}"),
    "trigger": sentence("trigger {name}"),
    "rule": sentence("rule {name}"),
    "policy": sentence("policy {name}"),
    "statistics": sentence("statistics {name}"),
    "sequence": sentence("sequence {name}"),
    "routine": sentence("routine {name}"),
    "type": sentence("type {name}"),
    "collation": sentence("collation {name}"),
    "conversion": sentence("conversion {name}"),
    "text search configuration": sentence("text search configuration {name}"),
    "text search dictionary": sentence("text search dictionary {name}"),
    "text search parser": sentence("text search parser {name}"),
    "text search template": sentence("text search template {name}"),
    "extension": sentence("extension {name}"),
    "event trigger": sentence("event trigger {name}"),
    "publication": sentence("publication {name}"),
    "default privileges": sentence("default privileges {name}"),
    "system privileges": sentence("system privileges {name}"),
    "role": sentence("role {name}"),
    "setting": sentence("setting {name}"),
    "server setting": sentence("server setting {name}"),
    "replication slot": sentence("replication slot {name}"),
    "database": sentence("database {name}"),
    "operator": sentence("operator {name}"),
    "operator class": sentence("operator class {name}"),
    "operator family": sentence("operator family {name}"),
    "cast": sentence("cast {name}"),
    "language": sentence("language {name}"),
    "foreign data wrapper": sentence("foreign data wrapper {name}"),
    "foreign server": sentence("foreign server {name}"),
    "user mapping": sentence("user mapping {name}"),
    "subscription": sentence("subscription {name}"),
    "domain": sentence("domain {name}"),
    "aggregate": sentence("aggregate {name}"),
    "transform": sentence("transform {name}"),
    "access method": sentence("access method {name}"),
    "large object": sentence("large object {name}"),
}
"""Kind of an object -> how one is called."""

LONG = 80
"""Characters of a text that are shown whole; of a longer one as many from where it differs."""


def named(identity: ObjectId) -> str:
    """An object by its kind and name, as :class:`ObjectId` writes it, so that it can be told."""
    if identity.kind not in _NAMED:
        return str(identity)
    return sentence(_NAMED[identity.kind], name=identity.name)


def created(identity: ObjectId) -> str:
    """That an object was created."""
    return sentence("{object} was created", object=named(identity))


def dropped(identity: ObjectId) -> str:
    """That an object was dropped."""
    return sentence("{object} was dropped", object=named(identity))


def renamed(old: ObjectId, new: ObjectId) -> str:
    """That an object was renamed."""
    return sentence("{object} was renamed to {name}", object=named(old), name=new.name)


def in_words(value: Any) -> str:
    """An attribute's value as a reader wants it."""
    if value is None:
        return sentence("not set")
    if isinstance(value, bool):
        return sentence("true") if value else sentence("false")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or sentence("none")
    return str(value)


def change_in_words(identity: ObjectId, attribute: str, before: Any, after: Any) -> str:
    """That an attribute of an object is not what it was."""
    lists = all(value is None or isinstance(value, list) for value in (before, after))
    if lists and attribute == "privileges":
        said = list(privileges_in_words(before or (), after or (), identity))
        if said:
            return joined("; ", said)
    if (
        lists
        and before
        and after
        and (items := _items_in_words(identity, attribute, before, after))
    ):
        return items
    if attribute == "definition" and isinstance(before, str) and isinstance(after, str):
        relations = replaced_relations(before, after)
        if relations:
            return _reads(identity, list(relations.items()))
    was, now = _shortened(in_words(before), in_words(after))
    return sentence(
        "{object}: {attribute} was {was}, is {now}",
        object=named(identity),
        attribute=attribute,
        was=was,
        now=now,
    )


def _reads(identity: ObjectId, relations: Sequence[tuple[str, str]]) -> str:
    *others, (was, now) = relations
    last = sentence("{new} instead of {old}", new=now, old=was)
    for was, now in reversed(others):
        last = sentence("{new} instead of {old} and {rest}", new=now, old=was, rest=last)
    # TRANSLATORS: {object} is a view or a routine, {relations} "a instead of b and c instead of d"
    return sentence("{object} reads {relations}", object=named(identity), relations=last)


def privileges_in_words(
    before: Sequence[str], after: Sequence[str], identity: ObjectId | None = None
) -> Iterator[str]:
    """What roles lost and gained; nothing where only the grantors differ.

    Args:
        before: access privileges as PostgreSQL writes them, such as ``reader=r/owner``.
        after: the same.
        identity: the object, to name at the beginning.
    """
    old, new = set(_granted(before)), set(_granted(after))
    for is_lost, rights in ((True, old - new), (False, new - old)):
        roles: dict[str, list[str]] = {}
        for role, right in sorted(rights):
            roles.setdefault(role, []).append(right)
        for role, listed in roles.items():
            said = ", ".join(listed)
            if identity is None and is_lost:
                # TRANSLATORS: of privileges such as SELECT, INSERT
                yield sentence("lost {rights} of {role}", rights=said, role=role)
            elif identity is None:
                yield sentence("gained {rights} of {role}", rights=said, role=role)
            elif is_lost:
                yield sentence(
                    "{object} lost {rights} of {role}",
                    object=named(identity),
                    rights=said,
                    role=role,
                )
            else:
                yield sentence(
                    "{object} gained {rights} of {role}",
                    object=named(identity),
                    rights=said,
                    role=role,
                )
            identity = None


def _granted(items: Sequence[str]) -> Iterator[tuple[str, str]]:
    for item in items:
        match = _ACCESS.match(item)
        if match is None:
            continue
        for letter, star in re.findall(r"([a-zA-Z])(\*?)", match["letters"]):
            right = _PRIVILEGES.get(letter, letter)
            yield match["role"] or "PUBLIC", right + (" WITH GRANT OPTION" if star else "")


def _items_in_words(
    identity: ObjectId, attribute: str, before: Sequence[Any], after: Sequence[Any]
) -> str:
    """Items lost and gained; nothing where only their order or number differs."""
    lost = ", ".join(str(item) for item in before if item not in after)
    gained = ", ".join(str(item) for item in after if item not in before)
    values = {"object": named(identity), "attribute": attribute, "lost": lost, "gained": gained}
    if lost and gained:
        return sentence("{object}: {attribute} lost {lost}, gained {gained}", **values)
    if lost:
        del values["gained"]
        return sentence("{object}: {attribute} lost {lost}", **values)
    if gained:
        del values["lost"]
        return sentence("{object}: {attribute} gained {gained}", **values)
    return ""


def replaced_relations(before: str, after: str) -> dict[str, str]:
    """Relations that a query reads instead of others, if that is all that differs; else nothing."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) != len(new):
        return {}
    relations: dict[str, str] = {}
    clause = ""
    for was, now in zip(old, new, strict=True):
        if was != now and clause in _BEFORE_A_RELATION and "." in was and "." in now:
            relations.setdefault(was, now)
        clause = clause if was == "(" else was.lower()
    explained = all(
        was == now or any(_renamed(was, now, *pair) for pair in relations.items())
        for was, now in zip(old, new, strict=True)
    )
    return relations if explained else {}


def _renamed(was: str, now: str, old: str, new: str) -> bool:
    """Whether a word differs only by the relation: as its name, or before a column."""
    if (was, now) == (old, new):
        return True
    short_old, short_new = old.rsplit(".", 1)[-1], new.rsplit(".", 1)[-1]
    return any(
        was.startswith(f"{one}.") and now == other + was[len(one) :]
        for one, other in ((old, new), (short_old, short_new))
    )


def _shortened(was: str, now: str) -> tuple[str, str]:
    """Both texts in one line each, from where they differ if they are long."""
    one, other = " ".join(was.split()), " ".join(now.split())
    if one == other or max(len(one), len(other)) <= LONG:
        return (one, other) if one != other else (was, now)
    pairs = zip(one, other, strict=False)
    same = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    start = max(0, one.rfind(" ", 0, same) + 1) if same else 0
    return (
        was if isinstance(was, Sentence) else _excerpt(one, start),
        now if isinstance(now, Sentence) else _excerpt(other, start),
    )


def _excerpt(text: str, start: int) -> str:
    """A piece of a text, with the mark of what is left out on either side."""
    piece = text[start : start + LONG]
    return f"{'… ' if start else ''}{piece}{' …' if start + LONG < len(text) else ''}"
