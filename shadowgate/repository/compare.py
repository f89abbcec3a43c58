"""What a branch adds to the migrations of its base or alters in them. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pglast import parser

from shadowgate.plan.script_comments import accepted
from shadowgate.repository.layouts import Layout
from shadowgate.repository.model import Finding, Migration, Part
from shadowgate.repository.settings import Settings


@dataclass(frozen=True)
class Changes:
    """What is to be judged, in order, and what is wrong without that."""

    pending: tuple[Migration, ...]
    """Production has none of them yet; its runner applies them in this order."""
    touched: tuple[Migration, ...]
    """Production has them already: of their files only the way back changed."""
    findings: tuple[Finding, ...]


def compare(
    base: Iterable[Migration],
    ahead: Iterable[Migration],
    head: Iterable[Migration],
    layout: Layout,
    settings: Settings,
) -> Changes:
    """Compare the migrations of a branch with those that it started from.

    Args:
        base: those of the commit at which the branch left its base.
        ahead: those of the base as it is now.
        head: those of the branch.
        layout: what all of them are kept in.
        settings: what the project accepts.
    """
    old, tip = ({each.key: each for each in side} for side in (base, ahead))
    known = {**tip, **old}
    mine = sorted(head, key=_place)
    there = {each.key for each in mine}
    newer = [each for key, each in tip.items() if key not in old and key not in there]
    added = [each for each in mine if each.key not in known and not _is_there(each, old)]
    kept = [each for each in mine if each.key in known]
    altered = [each for each in kept if not _is_on_a_side(each, (old, tip), layout)]
    edits = {
        each.key: _edited(each, known[each.key], settings)
        for each in altered
        if not each.repeatable
    }
    judged = [each for each in altered if each.key not in edits or edits[each.key].reason]
    pending = sorted((*added, *judged), key=_place)
    others = [*known.values()] if layout.sorted_by_version else kept
    replaced = {key for side in (old.values(), mine) for each in side for key in each.replaces}
    return Changes(
        tuple(_with_way_back(each, known.get(each.key)) for each in pending),
        tuple(
            each
            for each in kept
            if each not in altered and not _same(each.down, known[each.key].down, layout)
        ),
        (
            *edits.values(),
            *(_removed(old[key], settings) for key in old if key not in there | replaced),
            *_duplicates(added, [*mine, *newer], settings),
            *_out_of_order(added, others, layout, settings),
            *(flaw for each in pending for flaw in each.flaws),
        ),
    )


def _is_there(migration: Migration, old: Mapping[str, Migration]) -> bool:
    """Whether the base has all that a migration only sums up."""
    return bool(migration.replaces) and all(key in old for key in migration.replaces)


def _is_on_a_side(
    migration: Migration, sides: Iterable[Mapping[str, Migration]], layout: Layout
) -> bool:
    """Whether the base had its script when the branch left it, or has it now."""
    scripts = (side[migration.key].up for side in sides if migration.key in side)
    return any(_same(migration.up, script, layout) for script in scripts)


def _place(migration: Migration) -> tuple[Any, ...]:
    """What comes before what."""
    return migration.repeatable, migration.order, migration.key


def _same(one: Part | None, other: Part | None, layout: Layout) -> bool:
    """Whether two scripts do the same; to a runner that keeps checksums a comment matters."""
    if one is None or other is None:
        return one is other
    lines, others = one.text.splitlines(), other.text.splitlines()
    if lines == others or layout.checksums:
        return lines == others
    told = _program if layout.framework else _tokens
    words = told(one.text)
    return words is not None and words == told(other.text)


def _program(text: str) -> list[str] | None:
    """What a Python file does, without its comments; ``None`` if it is none."""
    try:
        return [ast.dump(ast.parse(text))]
    except (SyntaxError, ValueError):
        return None


def _tokens(text: str) -> list[str] | None:
    """The words of a script without its comments; ``None`` if only psql can tell them."""
    if "\0" in text:  # the scanner would stop there
        return None
    try:
        found = parser.scan(text)
    except parser.ParseError:
        return None
    return [
        text[token.start : token.end + 1]
        for token in found
        if token.name not in ("SQL_COMMENT", "C_COMMENT")
    ]


def _with_way_back(migration: Migration, before: Migration | None) -> Migration:
    """What is run again whenever it changes goes back by running what it was."""
    if migration.repeatable and migration.down is None and before is not None:
        return replace(migration, down=replace(before.up, whole=False))
    return migration


def _edited(migration: Migration, before: Migration, settings: Settings) -> Finding:
    return Finding(
        "edited-migration",
        str(migration.up.path),
        f"{migration.name} is on the base already and was edited: a database that has it never "
        "gets the edit",
        "take the edit back and add a migration; if no database has it yet, write "
        "`-- shadowgate: allow edited-migration: reason`",
        line=_first_difference(migration.up.text, before.up.text),
        reason=reason_for("edited-migration", migration, settings, before),
    )


def _first_difference(text: str, before: str) -> int:
    """The first line, from 1, that is not as it was; the last one if lines were only taken away."""
    lines, others = text.splitlines(), before.splitlines()
    for number, (line, other) in enumerate(zip(lines, others, strict=False), 1):
        if line != other:
            return number
    return max(1, min(len(lines), len(others) + 1))


def _removed(migration: Migration, settings: Settings) -> Finding:
    return Finding(
        "removed-migration",
        str(migration.up.path),
        f"{migration.name} is on the base already and is gone: a database that has it keeps it",
        "bring it back and add a migration that undoes it, or accept it under [[waivers]] in the "
        "settings",
        reason=reason_for("removed-migration", migration, settings),
    )


def _duplicates(
    added: Sequence[Migration], all_of_them: Sequence[Migration], settings: Settings
) -> Iterator[Finding]:
    for each in added:
        same = [
            other.name
            for other in all_of_them
            if other.version and other.version == each.version and other.key != each.key
        ]
        if same:
            yield Finding(
                "duplicate-version",
                str(each.up.path),
                f"{each.name} has the version {each.version} of {', '.join(same)}",
                "give it a version of its own",
                reason=reason_for("duplicate-version", each, settings),
            )


def _out_of_order(
    added: Sequence[Migration], known: Sequence[Migration], layout: Layout, settings: Settings
) -> Iterator[Finding]:
    if settings.out_of_order:
        return
    for each in (migration for migration in added if not migration.repeatable):
        later = [other for other in known if _comes_after(other, each, layout)]
        if later:
            yield Finding(
                "out-of-order",
                str(each.up.path),
                f"{each.name} comes before {max(later, key=_place).name}, which the base has "
                "already",
                "give it a later version; if the runner takes it all the same, set "
                "out_of_order = true",
                reason=reason_for("out-of-order", each, settings),
            )


def _comes_after(migration: Migration, other: Migration, layout: Layout) -> bool:
    """Whether a migration is applied after another; to a framework its files say which follow."""
    if layout.framework:
        return other.key in migration.follows
    return not migration.repeatable and migration.order > other.order


def reason_for(
    rule: str, migration: Migration, settings: Settings, before: Migration | None = None
) -> str:
    """The reason for which the script or the settings accept a finding; empty if they do not.

    What the script said already before it was edited was said of another edit.
    """
    said = accepted(rule, migration.up.text)
    if said and (before is None or said != accepted(rule, before.up.text)):
        return said
    reasons = (
        waiver.reason
        for waiver in settings.waivers
        if waiver.rule == rule and waiver.migration == migration.name
    )
    return next(reasons, "")
