"""Values that a runner writes into scripts before it sends them, such as Flyway's ``${schema}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from shadowgate.repository.model import Migration, Part

_PLACEHOLDER = re.compile(r"\$\{(?P<name>[\w.:-]+)\}")


def filled_in(migration: Migration, values: Mapping[str, str]) -> Migration:
    """A migration whose scripts have the values in place of the names that are known."""
    down = migration.down
    return replace(
        migration,
        up=_filled(migration.up, values),
        down=None if down is None else _filled(down, values),
    )


def _filled(part: Part, values: Mapping[str, str]) -> Part:
    text = _PLACEHOLDER.sub(lambda found: values.get(found["name"], found[0]), part.text)
    return part if text == part.text else replace(part, text=text, whole=False)
