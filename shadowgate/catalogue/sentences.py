"""What a change of an attribute says, in one short sentence. Pure: no database is needed.

A change is given as the values before and after. Where those would hide the point, the point is
given instead: which role lost which privilege, which item a list lost, which relation a view reads
now, where a long text begins to differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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

LONG = 80
"""Characters of a text that are shown whole; of a longer one as many from where it differs."""


def in_words(value: Any) -> str:
    """An attribute's value as a reader wants it."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def change_in_words(attribute: str, before: Any, after: Any) -> str:
    """What is to be said after the object's name, which ends without a colon."""
    lists = all(value is None or isinstance(value, list) for value in (before, after))
    if lists and attribute == "privileges":
        said = "; ".join(privileges_in_words(before or (), after or ()))
        if said:
            return f" {said}"
    if lists and before and after:
        said = _items_in_words(before, after)
        if said:
            return f": {attribute} {said}"
    if attribute == "definition" and isinstance(before, str) and isinstance(after, str):
        relations = replaced_relations(before, after)
        if relations:
            pairs = " and ".join(f"{new} instead of {old}" for old, new in relations.items())
            return f" reads {pairs}"
    was, now = _shortened(in_words(before), in_words(after))
    return f": {attribute} was {was}, is {now}"


def privileges_in_words(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """What roles lost and gained; nothing where only the grantors differ.

    Args:
        before: access privileges as PostgreSQL writes them, such as ``reader=r/owner``.
        after: the same.
    """
    old, new = set(_granted(before)), set(_granted(after))
    for verb, rights in (("lost", old - new), ("gained", new - old)):
        roles: dict[str, list[str]] = {}
        for role, right in sorted(rights):
            roles.setdefault(role, []).append(right)
        for role, listed in roles.items():
            yield f"{verb} {', '.join(listed)} of {role}"


def _granted(items: Sequence[str]) -> Iterator[tuple[str, str]]:
    for item in items:
        match = _ACCESS.match(item)
        if match is None:
            continue
        for letter, star in re.findall(r"([a-zA-Z])(\*?)", match["letters"]):
            right = _PRIVILEGES.get(letter, letter)
            yield match["role"] or "PUBLIC", right + (" WITH GRANT OPTION" if star else "")


def _items_in_words(before: Sequence[Any], after: Sequence[Any]) -> str:
    """Items lost and gained; nothing where only their order or number differs."""
    verbs = (
        ("lost", [item for item in before if item not in after]),
        ("gained", [item for item in after if item not in before]),
    )
    return ", ".join(f"{verb} {in_words(items)}" for verb, items in verbs if items)


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
    return _excerpt(one, start), _excerpt(other, start)


def _excerpt(text: str, start: int) -> str:
    """A piece of a text, with the mark of what is left out on either side."""
    piece = text[start : start + LONG]
    return f"{'… ' if start else ''}{piece}{' …' if start + LONG < len(text) else ''}"
