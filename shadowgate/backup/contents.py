"""What a dump asks of the server and of its target, read from its statements without its rows."""

# ruff: noqa: N802  pglast calls a visitor's methods by the names of the nodes

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pglast
from pglast import ast
from pglast.enums import (
    ObjectType,
    RoleSpecType,
    VariableSetKind,
)
from pglast.visitors import Visitor

from shadowgate.backup.complaints import first_complaint
from shadowgate.backup.decode import read_chunks, unwrap
from shadowgate.backup.recognise import Backup
from shadowgate.backup.statements import DumpedStatement, read_statements, split_lines
from shadowgate.backup.versions import version_advice
from shadowgate.errors import RestoreError
from shadowgate.language import sentence
from shadowgate.server.base import ClientTools
from shadowgate.server.differences import DIFFERENCES

_TELLING = ("ALTER ", "CREATE ", "DROP SCHEMA ", "GRANT ", "REVOKE ", "SET ")
"""How the statements begin that say what a dump needs; INSERT, which may be long, is none."""

_SUPERUSERS_OWN = {
    ObjectType.OBJECT_EVENT_TRIGGER: ("event trigger", None),
    ObjectType.OBJECT_FDW: ("foreign-data wrapper", None),
    ObjectType.OBJECT_SUBSCRIPTION: ("subscription", DIFFERENCES["subscription_owner"].since),
}
"""What only a superuser can be made the owner of, whoever does it, and before which version."""

_OF_POSTGIS = frozenset({"geometry", "geography", "box2d", "box3d"})

Qualified = tuple[str, str]
"""Schema and name."""


@dataclass(frozen=True)
class Setting:
    """``SET parameter = …`` at the top level of a dump."""

    parameter: str
    statement: DumpedStatement


@dataclass(frozen=True)
class DumpedSchema:
    """A schema that a dump creates."""

    name: str
    owner: str | None
    """Its owner, where the dump tells."""
    statements: tuple[DumpedStatement, ...]
    """What fails where the schema is there: CREATE, and DROP by ``pg_dump --clean``."""


@dataclass(frozen=True)
class PrivilegedObject:
    """An object whose owner must be a superuser."""

    described: str
    owner: str
    before: int | None
    """Major version from which any role can own it, if there is one."""


@dataclass(frozen=True)
class Needs:
    """What a dump expects to find."""

    roles: frozenset[str]
    extensions: tuple[tuple[str, str], ...]
    """Name and schema of each extension that the dump creates."""
    privileged: tuple[PrivilegedObject, ...] = ()
    schemas: tuple[DumpedSchema, ...] = ()
    """Those that the dump creates."""
    used_schemas: frozenset[str] = frozenset()
    """Those that hold what the dump uses and not creates, the server's own left out."""
    used_types: frozenset[Qualified] = frozenset()
    """Types that columns and arguments have and the dump does not create."""
    routines: frozenset[str] = frozenset()
    """Names of the functions and procedures that the dump creates."""
    settings: tuple[Setting, ...] = ()
    restrictions: tuple[DumpedStatement, ...] = ()
    r"""psql's ``\restrict`` and ``\unrestrict``."""
    unread: int = 0
    """Statements in a syntax that is not known here: of them nothing was taken."""

    @property
    def postgis(self) -> str:
        """Why PostGIS is needed; empty if it is not."""
        if any(name == "postgis" for name, _ in self.extensions):
            return "the backup creates the extension PostGIS"
        types = sorted(name for _, name in self.used_types if name in _OF_POSTGIS)
        return f"the backup has columns or arguments of type {types[0]}" if types else ""


def read_needs(backup: Backup, tools: ClientTools) -> Needs:
    """Read what a dump needs.

    Args:
        backup: the dump; an archive must have been unwrapped.
        tools: client tools that can read an archive.

    Raises:
        RestoreError: pg_restore cannot read the archive.
    """
    if backup.format == "plain":
        with backup.path.open("rb") as stream:
            return needs_of(split_lines(unwrap(read_chunks(stream), backup.wrappings)))
    result = tools.run(
        "pg_restore",
        ["--schema-only", "--file=-", "{dump}"],
        database=None,
        files={"dump": backup.path},
    )
    if result.status:
        advice = version_advice(backup, tools.version // 10_000)
        complaint = first_complaint(result.stderr, advice)
        raise RestoreError(
            sentence("the backup cannot be read: {what}", what=complaint.what),
            where=str(backup.path),
            todo=complaint.todo,
        )
    return needs_of(result.stdout.encode().splitlines(keepends=True))


def needs_of(lines: Iterable[bytes]) -> Needs:
    """Collect what the lines of a plain dump need."""
    reading, restrictions, unread = _Reading(), [], 0
    for statement in read_statements(lines):
        if statement.text.startswith((r"\restrict ", r"\unrestrict ")):
            restrictions.append(statement)
        elif statement.text.startswith(_TELLING):
            try:
                reading.take(statement)
            except pglast.parser.ParseError:
                unread += 1
    return reading.needs(tuple(restrictions), unread)


class _Reading(Visitor):
    """Takes out of parsed statements what they need and what they make."""

    def __init__(self) -> None:
        super().__init__()
        self._statement = DumpedStatement("", 0, 0, alone=False)
        self._top: ast.Node | None = None
        self._roles: set[str] = set()
        self._owners: list[tuple[ObjectType, str, str]] = []
        """Kind, name and owner of what has a name without a schema."""
        self._extensions: dict[str, str] = {}
        self._schemas: dict[str, list[DumpedStatement]] = {}
        self._drops: dict[str, list[DumpedStatement]] = {}
        self._settings: list[Setting] = []
        self._used_schemas: set[str] = set()
        self._used_types: set[Qualified] = set()
        self._made_types: set[Qualified] = set()
        self._routines: set[str] = set()

    def take(self, statement: DumpedStatement) -> None:
        """Read a statement.

        Raises:
            pglast.parser.ParseError: its syntax is not known here.
        """
        for raw in pglast.parse_sql(statement.text):
            self._statement, self._top = statement, raw.stmt
            self(raw)

    def needs(self, restrictions: tuple[DumpedStatement, ...], unread: int) -> Needs:
        """What all the statements need together."""
        owners = {
            name: role for kind, name, role in self._owners if kind == ObjectType.OBJECT_SCHEMA
        }
        return Needs(
            roles=frozenset(self._roles),
            extensions=tuple(self._extensions.items()),
            privileged=tuple(self._privileged()),
            schemas=tuple(
                DumpedSchema(name, owners.get(name), (*self._drops.get(name, ()), *statements))
                for name, statements in self._schemas.items()
            ),
            used_schemas=frozenset(self._used_schemas - set(self._schemas)),
            used_types=frozenset(self._used_types - self._made_types),
            routines=frozenset(self._routines),
            settings=tuple(self._settings),
            restrictions=restrictions,
            unread=unread,
        )

    def _privileged(self) -> Iterator[PrivilegedObject]:
        for kind, name, owner in self._owners:
            if kind in _SUPERUSERS_OWN:
                words, before = _SUPERUSERS_OWN[kind]
                yield PrivilegedObject(f"{words} {name}", owner, before)

    def visit_VariableSetStmt(self, _: object, node: Any) -> None:
        if id(node) != id(self._top):  # such as the settings of a function
            return
        if node.name == "session_authorization":
            self._roles.update(value.val.sval for value in node.args or ())
        elif node.kind == VariableSetKind.VAR_SET_VALUE and "." not in node.name:
            self._settings.append(Setting(node.name, self._statement))

    def visit_CreateSchemaStmt(self, _: object, node: Any) -> None:
        made = self._schemas.setdefault(node.schemaname, [])
        if not (node.if_not_exists or node.authrole or node.schemaElts):
            made.append(self._statement)

    def visit_DropStmt(self, _: object, node: Any) -> None:
        if node.removeType == ObjectType.OBJECT_SCHEMA:
            for name in node.objects:
                self._drops.setdefault(name.sval, []).append(self._statement)

    def visit_CreateExtensionStmt(self, _: object, node: Any) -> None:
        for option in node.options or ():
            if option.defname == "schema":
                self._extensions[node.extname] = option.arg.sval

    def visit_AlterOwnerStmt(self, _: object, node: Any) -> None:
        if isinstance(node.object, ast.String):
            name: Any = node.object.sval
            self._owners.append((node.objectType, name, node.newowner.rolename))

    def visit_RoleSpec(self, _: object, node: Any) -> None:
        if node.roletype == RoleSpecType.ROLESPEC_CSTRING:
            self._roles.add(node.rolename)

    def visit_RangeVar(self, _: object, node: Any) -> None:
        if node.schemaname:
            self._use(node.schemaname)
            # Each relation has a row type of its name.
            self._made_types.add((node.schemaname, node.relname))

    def visit_ColumnDef(self, _: object, node: Any) -> None:
        self._use_type(node.typeName)

    def visit_FunctionParameter(self, _: object, node: Any) -> None:
        self._use_type(node.argType)

    def visit_CreateFunctionStmt(self, _: object, node: Any) -> None:
        self._use_type(node.returnType)
        self._routines.add(node.funcname[-1].sval)

    def visit_CreateDomainStmt(self, _: object, node: Any) -> None:
        self._make_type(node.domainname)
        self._use_type(node.typeName)

    def visit_CreateEnumStmt(self, _: object, node: Any) -> None:
        self._make_type(node.typeName)

    def visit_CreateRangeStmt(self, _: object, node: Any) -> None:
        self._make_type(node.typeName)
        for parameter in node.params or ():
            if parameter.defname == "multirange_type_name":
                self._make_type(parameter.arg.names)

    def visit_DefineStmt(self, _: object, node: Any) -> None:
        if node.kind == ObjectType.OBJECT_TYPE:
            self._make_type(node.defnames)

    def visit_IndexElem(self, _: object, node: Any) -> None:
        if qualified := _qualified(node.opclass):
            self._use(qualified[0])

    def _use_type(self, node: Any) -> None:
        qualified = _qualified(node.names) if node is not None and not node.pct_type else None
        if qualified is not None and qualified[0] not in _OF_THE_SERVER:
            self._use(qualified[0])
            self._used_types.add(qualified)

    def _use(self, schema: str) -> None:
        if schema not in _OF_THE_SERVER:
            self._used_schemas.add(schema)

    def _make_type(self, names: Any) -> None:
        if qualified := _qualified(names):
            self._made_types.add(qualified)


_OF_THE_SERVER = frozenset({"pg_catalog", "information_schema", "pg_temp", "pg_toast"})


def _qualified(names: Any) -> Qualified | None:
    """Schema and name, if exactly these are given."""
    if names is None or len(names) != 2:
        return None
    return names[0].sval, names[1].sval
