"""The system catalogues as plain data: every object that a migration could have touched.

Objects of the system and of extensions are left out, but for privileges on them that somebody
changed. Names are qualified and quoted as SQL would have them, and do not depend on who asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql

from shadowgate.server.base import Connection

Attributes = Mapping[str, Any]
"""Attribute -> text, number, truth value, list or mapping of such; what is not set is left out."""

_HERE = Path(__file__).parent
_QUERIES = tuple(file.read_bytes() for file in sorted((_HERE / "sql").glob("*.sql")))
_SERVER_SETTINGS = (_HERE / "server_settings.sql").read_bytes()
_MAY_READ_SERVER_SETTINGS = (
    b"SELECT has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')"
)


@dataclass(frozen=True, order=True)
class ObjectId:
    """One object: its kind in PostgreSQL's words and its qualified name."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class CatalogueObject:
    """What the catalogues say of one object."""

    attributes: Attributes
    part_of: tuple[ObjectId, ...] = ()
    """Objects that bring it along: a column's table, a partition's index's parent index …"""


@dataclass(frozen=True)
class Snapshot:
    """Every object of one database at one moment."""

    objects: Mapping[ObjectId, CatalogueObject]

    def of_kind(self, kind: str) -> Iterator[tuple[ObjectId, CatalogueObject]]:
        """The objects of one kind, in order of their names."""
        for identity in sorted(known for known in self.objects if known.kind == kind):
            yield identity, self.objects[identity]

    def parts_of(self, whole: ObjectId) -> Iterator[tuple[ObjectId, CatalogueObject]]:
        """The objects that belong to another one, in order."""
        parts = (known for known, found in self.objects.items() if whole in found.part_of)
        for identity in sorted(parts):
            yield identity, self.objects[identity]


def take_snapshot(connection: Connection) -> Snapshot:
    """Read the catalogues of the connection's database, in one transaction that changes nothing.

    Sequences have an attribute ``next_value``: what ``nextval`` would return.

    Raises:
        psycopg.Error: the catalogues or a sequence cannot be read.
    """
    with connection.transaction(force_rollback=True):
        objects = dict(read_catalogue(connection).objects)
        for identity, value in _next_values(connection, objects):
            known = objects[identity]
            objects[identity] = CatalogueObject(
                {**known.attributes, "next_value": value}, known.part_of
            )
    return Snapshot(objects)


def read_catalogue(connection: Connection) -> Snapshot:
    """The same without ``next_value``: nothing is read but the catalogues themselves.

    Raises:
        psycopg.Error: the catalogues cannot be read.
    """
    objects: dict[ObjectId, CatalogueObject] = {}
    with connection.transaction(force_rollback=True):
        # Names in definitions are qualified unless their schema is on the search path.
        connection.execute("SET LOCAL search_path = pg_catalog")
        for query in _queries(connection):
            for kind, name, part_of, attributes in connection.execute(query):
                objects[ObjectId(kind, name)] = CatalogueObject(
                    attributes=_without_unset(attributes),
                    part_of=tuple(ObjectId(*whole) for whole in part_of),
                )
    return Snapshot(objects)


def _queries(connection: Connection) -> Iterator[bytes]:
    yield from _QUERIES
    # Who may not read these settings may hardly write them.
    allowed = connection.execute(_MAY_READ_SERVER_SETTINGS).fetchone()
    if allowed is not None and allowed[0]:
        yield _SERVER_SETTINGS


def _without_unset(attributes: Attributes) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None and value != []}


def _next_values(
    connection: Connection, objects: Mapping[ObjectId, CatalogueObject]
) -> list[tuple[ObjectId, int]]:
    sequences = [identity for identity in objects if identity.kind == "sequence"]
    if not sequences:
        return []
    # The names come from format('%I.%I'), so they are quoted already.
    selects = [
        sql.SQL("SELECT {}, last_value, is_called FROM {}").format(
            sql.Literal(identity.name),
            sql.SQL(identity.name),
        )
        for identity in sequences
    ]
    rows = connection.execute(sql.SQL(" UNION ALL ").join(selects)).fetchall()
    found = []
    for name, last, called in rows:
        identity = ObjectId("sequence", name)
        step = objects[identity].attributes["increment"]
        found.append((identity, last + step if called else last))
    return found
