"""What CREATE TABLE and ALTER TABLE announce, with the names that PostgreSQL chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pglast import ast, enums
from pglast.enums import AlterTableType as Command
from pglast.enums import ConstrType
from pglast.visitors import Visitor

from shadowgate.catalogue.object_kinds import VIEWS
from shadowgate.language import sentence
from shadowgate.migrate.announced.ledger import Ledger
from shadowgate.migrate.announced.names import (
    SERIAL,
    Names,
    chosen_names,
    index_name_columns,
    joined_columns,
    parts_of,
    schemas_of,
    strings,
    whole_and_part,
)

KIND_OF_RELATION = {
    enums.ObjectType.OBJECT_TABLE: "table",
    enums.ObjectType.OBJECT_FOREIGN_TABLE: "foreign table",
    enums.ObjectType.OBJECT_VIEW: "view",
    enums.ObjectType.OBJECT_MATVIEW: "materialized view",
    enums.ObjectType.OBJECT_INDEX: "index",
    enums.ObjectType.OBJECT_SEQUENCE: "sequence",
    enums.ObjectType.OBJECT_TYPE: "type",
}
_LABELS = {
    ConstrType.CONSTR_PRIMARY: "pkey",
    ConstrType.CONSTR_UNIQUE: "key",
    ConstrType.CONSTR_FOREIGN: "fkey",
    ConstrType.CONSTR_CHECK: "check",
    ConstrType.CONSTR_EXCLUSION: "excl",
}
_TYPE_ATTRIBUTES = ("type", "default", "generated", "storage", "compression")
_WITH_COLLATION = frozenset({"text", "varchar", "bpchar"})
"""Types that a column keeps its collation in only where the statement names it."""
_SEQUENCE_ATTRIBUTES = ("start", "increment", "minimum", "maximum", "cache", "cycle", "next_value")
_PARTITION_ATTRIBUTES = ("partition_of", "partition_bound", "detach_pending", "inherited", "parent")
_SURE_CHARACTERS = 10
"""Of a table's name that are in the names made of it, however long the rest is."""
RIGHTS_OF_A_VIEW = ("security_invoker", "security_barrier")
"""Options that say whose rights count, and what a function in a condition gets to see."""


class _Columns(Visitor):
    """Collects the columns that an expression mentions."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}
        self.whole_row = False

    def visit_ColumnRef(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        last = node.fields[-1]
        if isinstance(last, ast.String):
            self.names[str(last.sval)] = None
        else:
            self.whole_row = True


def create_table(node: Any, ledger: Ledger, kind: str = "table") -> None:
    """Note a table, its columns and its constraints."""
    table, certain = ledger.new(node.relation), not node.if_not_exists
    ledger.create(kind, table, certain=certain)
    if node.relation.relpersistence == "u":
        ledger.change(kind, table, "persistence")
    name = str(node.relation.relname)
    for element in (*(node.tableElts or ()), *(node.constraints or ())):
        if isinstance(element, ast.ColumnDef):
            _column(element, table, name, ledger, certain=certain)
        elif isinstance(element, ast.Constraint):
            _constraint(element, table, name, (), ledger, certain=certain)
        elif isinstance(element, ast.TableLikeClause):
            _like(table, name, ledger)


def alter_table(node: Any, ledger: Ledger) -> None:
    """Note what each command of an ALTER TABLE does, and of its relatives for other relations."""
    kind = KIND_OF_RELATION.get(node.objtype, "table")
    names = ledger.known(node.relation)
    if not names:
        return
    for command in node.cmds:
        act = _COMMANDS.get(command.subtype)
        if act is None:
            ledger.unclear(
                sentence("the effect of {command} is not known", command=command.subtype.name)
            )
        else:
            act(_Alteration(kind, names, node, command, ledger))
        if command.behavior == enums.DropBehavior.DROP_CASCADE:
            ledger.cascade()


class _Alteration:
    """One command of one ALTER TABLE."""

    def __init__(self, kind: str, names: Names, whole: Any, command: Any, ledger: Ledger) -> None:
        self.kind, self.names, self.ledger = kind, names, ledger
        self.command = command
        self.bare = str(whole.relation.relname)
        self.certain = not (command.missing_ok or whole.missing_ok)

    @property
    def part(self) -> Names:
        """The name of the column, constraint, trigger or rule that the command is about."""
        named = self.command.name or getattr(self.command.def_, "conname", None)
        return parts_of(self.names, str(named))

    def change(self, *attributes: str) -> None:
        self.ledger.change(self.kind, self.names, *attributes)

    def change_part(self, kind: str, *attributes: str) -> None:
        self.ledger.change(kind, self.part, *attributes)

    def weaken(self, kind: str, names: Names, *attributes: str) -> None:
        """Note what no longer protects data: it has to be meant, as an effect on privileges."""
        self.ledger.privilege("change", kind, names, *attributes)


def _column(column: Any, table: Names, bare: str, ledger: Ledger, *, certain: bool) -> None:
    names = parts_of(table, str(column.colname))
    ledger.create("column", names, certain=certain)
    for constraint in column.constraints or ():
        _constraint(constraint, table, bare, (str(column.colname),), ledger, certain=certain)
    if column.typeName is not None and strings(column.typeName.names)[-1] in SERIAL:
        _own_sequence(table, bare, str(column.colname), ledger)


def _like(table: Names, bare: str, ledger: Ledger) -> None:
    """Copies of another table's indexes and keys are named after the new table."""
    beginning = parts_of(("",), bare[:_SURE_CHARACTERS])[0].removeprefix(".").strip('"')
    schemas = schemas_of(table)
    for kind in ("index", "statistics", "sequence"):
        names = tuple(f"{schema}.{quote}{beginning}*" for schema in schemas for quote in ("", '"'))
        ledger.create(kind, names, certain=False)
    ledger.create(
        "constraint",
        tuple(f"{name}.{quote}{beginning}*" for name in table for quote in ("", '"')),
        certain=False,
    )


def _own_sequence(table: Names, bare: str, column: str, ledger: Ledger) -> None:
    schemas = schemas_of(table)
    ledger.create("sequence", parts_of(schemas, *chosen_names(bare, column, "seq")), certain=False)


def _constraint(
    constraint: Any,
    table: Names,
    bare: str,
    of_column: tuple[str, ...],
    ledger: Ledger,
    *,
    certain: bool,
) -> None:
    label = _LABELS.get(constraint.contype)
    if label is None:
        if constraint.contype == ConstrType.CONSTR_IDENTITY and of_column:
            _own_sequence(table, bare, of_column[0], ledger)
        if constraint.contype == ConstrType.CONSTR_NOTNULL:
            _not_null(constraint, table, of_column, ledger)
        return
    names = _constraint_names(constraint, table, bare, of_column, label)
    ledger.create("constraint", names, certain=certain)
    # A constraint of a new table is validated in any case: nothing is there to break it.
    if constraint.skip_validation:
        ledger.change("constraint", names, "validated")
    if label == "pkey":
        keys = (*of_column, *strings(constraint.keys))
        ledger.change("column", parts_of(table, *keys), "not_null")
        if constraint.indexname:
            ledger.change("table", table, "not_null")
    if constraint.indexname:
        _promote_index(str(constraint.indexname), names, table, ledger)


def _not_null(constraint: Any, table: Names, of_column: tuple[str, ...], ledger: Ledger) -> None:
    for column in of_column or tuple(strings(constraint.keys)):
        ledger.change("column", parts_of(table, column), "not_null")


def _promote_index(index: str, constraint: Names, table: Names, ledger: Ledger) -> None:
    """ADD CONSTRAINT … USING INDEX: the index takes the constraint's name."""
    schemas = schemas_of(table)
    old = parts_of(schemas, index)
    new = tuple(
        f"{schema}.{whole_and_part(name)[1]}"
        for schema, name in zip(schemas, constraint, strict=False)
    )
    if old != new:
        ledger.rename("index", old, new)
    ledger.change("index", new, "constraint", "primary", "unique", "immediate", "definition")


def _constraint_names(
    constraint: Any, table: Names, bare: str, of_column: tuple[str, ...], label: str
) -> Names:
    if constraint.conname:
        return parts_of(table, str(constraint.conname))
    if constraint.indexname:
        return parts_of(table, str(constraint.indexname))
    columns = _columns_in_name(constraint, of_column, label)
    if columns is None:
        return tuple(f"{name}.*_{label}*" for name in table)
    return parts_of(table, *chosen_names(bare, joined_columns(columns), label))


def _columns_in_name(
    constraint: Any, of_column: tuple[str, ...], label: str
) -> tuple[str, ...] | None:
    """Which columns an unnamed constraint is named after; ``None`` if that cannot be told."""
    if label == "pkey":
        return ()
    if label == "fkey":
        return of_column or tuple(strings(constraint.fk_attrs))
    if label == "check":
        mentioned = _Columns()
        mentioned(constraint.raw_expr)
        if mentioned.whole_row:
            return None
        return tuple(mentioned.names) if len(mentioned.names) == 1 else ()
    if label == "excl":
        return index_name_columns(pair[0] for pair in constraint.exclusions) or None
    included = strings(constraint.including)
    return of_column or (*strings(constraint.keys), *included)


def _add_column(it: _Alteration) -> None:
    _column(it.command.def_, it.names, it.bare, it.ledger, certain=it.certain)


def _drop_column(it: _Alteration) -> None:
    it.ledger.drop("column", it.part, certain=it.certain)
    it.ledger.loosen("constraint", "index", "statistics")
    it.change("position")


def _add_constraint(it: _Alteration) -> None:
    _constraint(it.command.def_, it.names, it.bare, (), it.ledger, certain=it.certain)


def _validate(it: _Alteration) -> None:
    it.ledger.mend("constraint", it.part, "validated", "definition")
    _perhaps_not_null(it)


def _drop_constraint(it: _Alteration) -> None:
    it.ledger.drop("constraint", it.part, certain=it.certain)
    _perhaps_not_null(it)


def _perhaps_not_null(it: _Alteration) -> None:
    """Since PostgreSQL 18 the constraint may be a NOT NULL, of a column that nobody names."""
    it.ledger.change("column", tuple(f"{name}.*" for name in it.names), "not_null")


def _alter_type(it: _Alteration) -> None:
    # An identity column's sequence goes with it.
    it.change_part("column", *_TYPE_ATTRIBUTES, "minimum", "maximum")
    column = it.command.def_
    if column.collClause is not None or strings(column.typeName.names)[-1] not in _WITH_COLLATION:
        it.change_part("column", "collation")
    # Indexes and constraints over it are rebuilt, and may have to cast it from now on.
    it.change("definition", "predicate")
    it.ledger.write(it.names, "convert", (str(it.command.name),))


def _options(it: _Alteration) -> None:
    if it.kind in VIEWS:
        it.ledger.privilege("change", it.kind, it.names, "options", *RIGHTS_OF_A_VIEW)
    else:
        it.change("options", "toast_options", *(["definition"] if it.kind == "index" else []))


def _owner(it: _Alteration) -> None:
    it.ledger.privilege("change", it.kind, it.names, "owner")


def _row_security(it: _Alteration) -> None:
    it.ledger.privilege("change", it.kind, it.names, "*row_security")


def _partition(it: _Alteration) -> None:
    child = it.ledger.known(it.command.def_.name)
    if it.kind == "index":
        it.change("valid", "definition")
        it.ledger.change("index", child, "parent", "definition")
        return
    it.ledger.attach(child)
    it.ledger.change("table", child, *_PARTITION_ATTRIBUTES)
    if it.command.def_.concurrent:
        # What the partition bound promised stays true: it becomes a constraint of the table.
        it.ledger.create("constraint", tuple(f"{name}.*_check*" for name in child), certain=False)


def _inherit(it: _Alteration) -> None:
    it.change("inherits", "inherited")


def _add_identity(it: _Alteration) -> None:
    it.change_part("column", "identity", "not_null")
    _own_sequence(it.names, it.bare, str(it.command.name), it.ledger)


def _set_identity(it: _Alteration) -> None:
    it.change_part("column", "identity", *_SEQUENCE_ATTRIBUTES)


def _drop_identity(it: _Alteration) -> None:
    it.change_part("column", "identity")
    schemas = schemas_of(it.names)
    chosen = parts_of(schemas, *chosen_names(it.bare, str(it.command.name), "seq"))
    it.ledger.drop("sequence", chosen, certain=False)


def _of_table(*attributes: str) -> Callable[[_Alteration], None]:
    return lambda it: it.change(*attributes)


def _of_part(kind: str, *attributes: str) -> Callable[[_Alteration], None]:
    return lambda it: it.change_part(kind, *attributes)


def _each(commands: Iterable[Any], act: Callable[[_Alteration], None]) -> dict[Any, Any]:
    return dict.fromkeys(commands, act)


_COMMANDS: Mapping[Any, Callable[[_Alteration], None]] = {
    Command.AT_AddColumn: _add_column,
    Command.AT_DropColumn: _drop_column,
    Command.AT_ColumnDefault: _of_part("column", "default"),
    **_each((Command.AT_SetNotNull, Command.AT_DropNotNull), _of_part("column", "not_null")),
    Command.AT_SetExpression: _of_part("column", "generated"),
    Command.AT_DropExpression: _of_part("column", "generated", "default"),
    Command.AT_SetStatistics: lambda it: (
        it.change("statistics_targets")
        if it.kind == "index"
        else it.change_part("column", "statistics_target")
    ),
    **_each((Command.AT_SetOptions, Command.AT_ResetOptions), _of_part("column", "options")),
    Command.AT_SetStorage: _of_part("column", "storage"),
    Command.AT_SetCompression: _of_part("column", "compression"),
    Command.AT_AlterColumnType: _alter_type,
    Command.AT_AlterColumnGenericOptions: _of_part("column", "foreign_options"),
    Command.AT_AddConstraint: _add_constraint,
    Command.AT_AlterConstraint: _of_part(
        "constraint", "deferrable", "initially_deferred", "definition"
    ),
    Command.AT_ValidateConstraint: _validate,
    Command.AT_DropConstraint: _drop_constraint,
    Command.AT_ChangeOwner: _owner,
    **_each((Command.AT_ClusterOn, Command.AT_DropCluster), _of_table("clustered")),
    Command.AT_SetLogged: _of_table("persistence"),
    Command.AT_SetUnLogged: lambda it: it.weaken(it.kind, it.names, "persistence"),
    Command.AT_SetAccessMethod: _of_table("access_method"),
    Command.AT_SetTableSpace: _of_table("tablespace"),
    **_each(
        (Command.AT_SetRelOptions, Command.AT_ResetRelOptions, Command.AT_ReplaceRelOptions),
        _options,
    ),
    **_each(
        (
            Command.AT_EnableTrig,
            Command.AT_EnableAlwaysTrig,
            Command.AT_EnableReplicaTrig,
        ),
        _of_part("trigger", "enabled"),
    ),
    Command.AT_DisableTrig: lambda it: it.weaken("trigger", it.part, "enabled"),
    **_each(
        (Command.AT_EnableTrigAll, Command.AT_EnableTrigUser),
        _of_table("enabled", "triggers_enabled"),
    ),
    **_each(
        (Command.AT_DisableTrigAll, Command.AT_DisableTrigUser),
        lambda it: it.weaken(it.kind, it.names, "enabled", "triggers_enabled"),
    ),
    **_each(
        (
            Command.AT_EnableRule,
            Command.AT_EnableAlwaysRule,
            Command.AT_EnableReplicaRule,
        ),
        _of_part("rule", "enabled"),
    ),
    Command.AT_DisableRule: lambda it: it.weaken("rule", it.part, "enabled"),
    **_each((Command.AT_AddInherit, Command.AT_DropInherit), _inherit),
    **_each((Command.AT_AddOf, Command.AT_DropOf), _of_table("of_type")),
    Command.AT_ReplicaIdentity: _of_table("replica_identity"),
    **_each(
        (
            Command.AT_EnableRowSecurity,
            Command.AT_DisableRowSecurity,
            Command.AT_ForceRowSecurity,
            Command.AT_NoForceRowSecurity,
        ),
        _row_security,
    ),
    Command.AT_GenericOptions: _of_table("foreign_options"),
    **_each(
        (
            Command.AT_AttachPartition,
            Command.AT_DetachPartition,
            Command.AT_DetachPartitionFinalize,
        ),
        _partition,
    ),
    Command.AT_AddIdentity: _add_identity,
    Command.AT_SetIdentity: _set_identity,
    Command.AT_DropIdentity: _drop_identity,
}
