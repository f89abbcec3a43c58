"""The server: its version, its settings and its extensions against the shadow's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shadowgate.production.answers import Line, Question
from shadowgate.production.known import Known

NOT_COMPARED = "no shadow run to compare with"

_OF_THE_SHADOW = frozenset(
    {
        "fsync",
        "synchronous_commit",
        "full_page_writes",
        "autovacuum",
        "logging_collector",
        "log_directory",
        "log_filename",
        "max_connections",
        "max_wal_size",
        "checkpoint_timeout",
        "shared_preload_libraries",
    }
)
"""Settings that a shadow has otherwise on purpose, or that a question of its own is about."""
_DECISIVE = frozenset({"server_encoding"})
_MEANINGS = {
    "server_encoding": "a dump restores otherwise there; run the shadow in production's encoding",
    "TimeZone": "timestamps get a time zone otherwise, where the migration does not say which",
    "wal_level": "the migration writes more WAL the higher it is",
}


@dataclass(frozen=True)
class Version:
    """The server's version, and whether it takes writes."""

    version: str
    major: int
    recovering: bool


def judge_version(rows: Sequence[Version], known: Known) -> Iterator[Line]:
    """Another major version plans, locks and words otherwise: nothing measured holds for it."""
    (found,) = rows
    if found.recovering:
        yield Line(
            "server", "a standby", "the primary", "stop", "name the primary: a standby takes no DDL"
        )
    if known.shadow is None:
        yield Line("version", found.version, NOT_COMPARED, "note")
        return
    shadow = known.shadow
    if shadow.major is None:
        yield Line(
            "version", found.version, "not recorded", "stop", "the shadow run did not finish"
        )
    elif shadow.major != found.major:
        meaning = "run the shadow on production's major version"
        yield Line("version", found.version, shadow.version, "stop", meaning)
    elif shadow.version.split()[0] != found.version.split()[0]:
        yield Line("version", found.version, shadow.version, "note", "another minor version")
    else:
        yield Line("version", found.version, shadow.version)


VERSION: Question[Known, Version] = Question(
    "version",
    """
    SELECT
        current_setting('server_version') AS version,
        current_setting('server_version_num')::int / 10000 AS major,
        pg_is_in_recovery() AS recovering
    """,
    Version,
    judge_version,
)


@dataclass(frozen=True)
class Setting:
    """One setting."""

    name: str
    value: str


def judge_settings(rows: Sequence[Setting], known: Known) -> Iterator[Line]:
    """Name each setting that differs; few of them can change what was found."""
    shadow = known.shadow.settings if known.shadow else {}
    differing = [row for row in rows if shadow[row.name] != row.value]
    if not differing:
        yield Line("settings", f"{len(rows)} alike" if rows else "not compared", "as in the shadow")
    for row in differing:
        decisive = row.name in _DECISIVE
        meaning = _MEANINGS.get(row.name, "plans and times may differ from the shadow's")
        topic = f"setting {row.name}"
        yield Line(topic, row.value, shadow[row.name], "stop" if decisive else "note", meaning)


SETTINGS: Question[Known, Setting] = Question(
    "settings",
    """
    SELECT name, current_setting(name) AS value
    FROM pg_settings
    WHERE name = ANY (%(names)s)
    ORDER BY name
    """,
    Setting,
    judge_settings,
    lambda known: {
        "names": sorted({*known.shadow.settings} - _OF_THE_SHADOW) if known.shadow else []
    },
)


@dataclass(frozen=True)
class Extension:
    """One extension that is installed in the database."""

    name: str
    version: str


def judge_extensions(rows: Sequence[Extension], known: Known) -> Iterator[Line]:
    """What the shadow had must be there, alike as far as plans and results depend on it."""
    here = {row.name: row.version for row in rows}
    if known.after is None:
        said = ", ".join(f"{name} {version}" for name, version in here.items()) or "none"
        yield Line("extensions", said, NOT_COMPARED, "note")
        return
    lines = list(_differing(here, known.after.extensions))
    yield from lines or [Line("extensions", f"{len(here)} installed", "as in the shadow")]


def _differing(here: Mapping[str, str], shadow: Mapping[str, str]) -> Iterable[Line]:
    for name, version in shadow.items():
        found, topic = here.get(name), f"extension {name}"
        if found is None:
            meaning = "what the shadow run used is not there"
            yield Line(topic, "not installed", version, "stop", meaning)
        elif found != version:
            other = relevant_version(name, found) != relevant_version(name, version)
            meaning = "run the shadow with production's version" if other else "another patch level"
            yield Line(topic, found, version, "stop" if other else "note", meaning)
    for name in sorted({*here} - {*shadow}):
        meaning = "the shadow run was without it"
        yield Line(f"extension {name}", here[name], "not installed", "note", meaning)


def relevant_version(name: str, version: str) -> tuple[str, ...]:
    """The part of a version on which plans and results depend: PostGIS tells the planner more."""
    numbers = re.findall(r"\d+", version)
    return tuple(numbers[: 2 if name.startswith("postgis") else 1])


EXTENSIONS: Question[Known, Extension] = Question(
    "extensions",
    """
    SELECT quote_ident(extname) AS name, extversion AS version
    FROM pg_extension
    WHERE oid >= 16384
    ORDER BY extname
    """,
    Extension,
    judge_extensions,
)
