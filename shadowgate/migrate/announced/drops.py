"""What single statements drop, also where a later one creates it anew."""

from __future__ import annotations

from dataclasses import replace

from shadowgate.migrate.announced import announced
from shadowgate.migrate.announced.model import ObjectChange
from shadowgate.migrate.script import Script, Statement


def drops(script: Script) -> tuple[ObjectChange, ...]:
    """Every object that a statement drops by its text, in order; a DROP … IF EXISTS is meant too.

    An announcement tells what comes of a whole script: of an object that is dropped and created
    again only the creation.
    """
    found: list[ObjectChange] = []
    leading: list[Statement] = []
    for statement in script.statements:
        alone = replace(script, units=(*leading, statement))
        found += (each for each in announced(alone).objects if each.effect == "drop")
        if statement.kind == "SET":  # its names may lead elsewhere from here on
            leading.append(statement)
    return tuple(found)
