"""What every statement of data definition announces, but for the commands of ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from pglast import ast, enums
from pglast.enums import ObjectType

from shadowgate.catalogue.object_kinds import IN_A_SCHEMA, PARTS
from shadowgate.language import sentence
from shadowgate.migrate.announced.ledger import Ledger
from shadowgate.migrate.announced.model import Effect
from shadowgate.migrate.announced.names import (
    Names,
    chosen_names,
    index_name_columns,
    joined_columns,
    parts_of,
    quoted,
    schemas_of,
    split,
    strings,
    type_name,
    whole_and_part,
)
from shadowgate.migrate.announced.tables import (
    KIND_OF_RELATION,
    RIGHTS_OF_A_VIEW,
    alter_table,
    create_table,
)

_KINDS: Mapping[Any, str] = {
    **KIND_OF_RELATION,
    ObjectType.OBJECT_DOMAIN: "type",
    ObjectType.OBJECT_COLUMN: "column",
    ObjectType.OBJECT_ATTRIBUTE: "column",
    ObjectType.OBJECT_TABCONSTRAINT: "constraint",
    ObjectType.OBJECT_DOMCONSTRAINT: "constraint",
    ObjectType.OBJECT_TRIGGER: "trigger",
    ObjectType.OBJECT_RULE: "rule",
    ObjectType.OBJECT_POLICY: "policy",
    ObjectType.OBJECT_STATISTIC_EXT: "statistics",
    ObjectType.OBJECT_FUNCTION: "routine",
    ObjectType.OBJECT_PROCEDURE: "routine",
    ObjectType.OBJECT_ROUTINE: "routine",
    ObjectType.OBJECT_AGGREGATE: "routine",
    ObjectType.OBJECT_COLLATION: "collation",
    ObjectType.OBJECT_CONVERSION: "conversion",
    ObjectType.OBJECT_TSCONFIGURATION: "text search configuration",
    ObjectType.OBJECT_TSDICTIONARY: "text search dictionary",
    ObjectType.OBJECT_TSPARSER: "text search parser",
    ObjectType.OBJECT_TSTEMPLATE: "text search template",
    ObjectType.OBJECT_SCHEMA: "schema",
    ObjectType.OBJECT_EXTENSION: "extension",
    ObjectType.OBJECT_EVENT_TRIGGER: "event trigger",
    ObjectType.OBJECT_PUBLICATION: "publication",
    ObjectType.OBJECT_ROLE: "role",
    ObjectType.OBJECT_DATABASE: "database",
}
_GLOBAL = frozenset({"schema", "extension", "event trigger", "publication", "role"})
_ROUTINE_ATTRIBUTES = (
    "routine_type",
    "language",
    "arguments",
    "returns",
    "definition_md5",
    "cost",
    "rows",
    "support",
)
_ROUTINE_CLAUSES = {
    "volatility": "volatility",
    "strict": "strict",
    "leakproof": "leakproof",
    "parallel": "parallel",
    "set": "settings",
}
"""Clause -> attribute that is what it is by default where the clause is left out: whoever replaces
a routine and forgets one loses it without a word."""
_SEQUENCE_ATTRIBUTES = (
    "type",
    "start",
    "increment",
    "minimum",
    "maximum",
    "cache",
    "cycle",
    "next_value",
    "owned_by",
    "persistence",
)


def define(node: Any, ledger: Ledger) -> bool:
    """Note what a statement does to objects; false if it is none of data definition."""
    act = _ACTS.get(type(node))
    if act is None:
        return type(node) in _WITHOUT_EFFECT
    act(node, ledger)
    return True


def names_of(object_type: Any, node: Any, ledger: Ledger) -> Names:
    """The names of an object as DROP, COMMENT and their like refer to it."""
    kind = _KINDS.get(object_type, "")
    if isinstance(node, ast.ObjectWithArgs):
        return routine_names(node, ledger)
    if isinstance(node, ast.TypeName):
        return _qualified(strings(node.names), ledger)
    if isinstance(node, ast.String):
        return (quoted(str(node.sval)),)
    if object_type == ObjectType.OBJECT_DOMCONSTRAINT:
        return parts_of(_qualified(strings(node[0].names), ledger), str(node[1].sval))
    words = strings(node)
    if kind in PARTS:
        return parts_of(_qualified(words[:-1], ledger), words[-1])
    return _qualified(words, ledger)


def routine_names(node: Any, ledger: Ledger) -> Names:
    """The names of a routine with its arguments, or with any if none are given."""
    arguments = "*" if node.args_unspecified else ", ".join(map(type_name, node.objargs or ()))
    known = _qualified(strings(node.objname), ledger)
    return tuple(f"{name}({arguments})" for name in known)


def _qualified(words: list[str], ledger: Ledger) -> Names:
    # A database's name may come first; the last two are schema and name.
    *schema, name = words[-2:]
    return ledger.known_name(schema[0] if schema else None, name)


def _fresh(words: list[str], ledger: Ledger) -> Names:
    *schema, name = words[-2:]
    return ledger.new_name(schema[0] if schema else None, name)


def _option(node: Any, name: str) -> Any:
    found = (item for item in node.options or () if item.defname == name)
    return next(found, None)


def _create_foreign_table(node: Any, ledger: Ledger) -> None:
    create_table(node.base, ledger, "foreign table")


def _create_table_as(node: Any, ledger: Ledger) -> None:
    is_view = node.objtype == ObjectType.OBJECT_MATVIEW
    kind = "materialized view" if is_view else "table"
    names = ledger.new(node.into.rel)
    ledger.create(kind, names, certain=not node.if_not_exists)
    if is_view and node.into.skipData and not ledger.drops(kind, names):
        ledger.change(kind, names, "populated")
    if node.into.rel.relpersistence == "u":
        ledger.change(kind, names, "persistence")


def _create_view(node: Any, ledger: Ledger) -> None:
    names = ledger.new(node.view)
    ledger.create("view", names, certain=not node.replace)
    if node.replace:
        ledger.change("view", names, "definition", "type", "default", "collation", "storage")
        ledger.create("column", parts_of(names, "*"), certain=False)
    if any(option.defname in RIGHTS_OF_A_VIEW for option in node.options or ()):
        ledger.privilege("change", "view", names, "options", *RIGHTS_OF_A_VIEW)


def _create_index(node: Any, ledger: Ledger) -> None:
    tables = ledger.known(node.relation)
    schemas = schemas_of(tables)
    elements = (*node.indexParams, *(node.indexIncludingParams or ()))
    columns = index_name_columns(elements)
    if node.idxname:
        names = parts_of(schemas, str(node.idxname))
    elif columns:
        bare = str(node.relation.relname)
        names = parts_of(schemas, *chosen_names(bare, joined_columns(columns), "idx"))
    else:
        names = tuple(f"{schema}.{node.relation.relname[:20]}*_idx*" for schema in schemas)
    ledger.create("index", names, certain=not node.if_not_exists)
    if not node.relation.inh:
        # Invalid until every partition has one that is attached.
        ledger.change("index", names, "valid")


def _create_sequence(node: Any, ledger: Ledger) -> None:
    names = ledger.new(node.sequence)
    ledger.create("sequence", names, certain=not node.if_not_exists)


def _alter_sequence(node: Any, ledger: Ledger) -> None:
    ledger.change("sequence", ledger.known(node.sequence), *_SEQUENCE_ATTRIBUTES)


def _create_routine(node: Any, ledger: Ledger) -> None:
    modes = (
        enums.FunctionParameterMode.FUNC_PARAM_OUT,
        enums.FunctionParameterMode.FUNC_PARAM_TABLE,
    )
    arguments = ", ".join(
        type_name(item.argType)
        for item in node.parameters or ()
        # Those of a procedure count among its arguments.
        if item.mode != modes[1] and (item.mode != modes[0] or node.is_procedure)
    )
    names = tuple(f"{name}({arguments})" for name in _fresh(strings(node.funcname), ledger))
    ledger.create("routine", names, certain=not node.replace)
    if node.replace:
        ledger.change("routine", names, *_ROUTINE_ATTRIBUTES)
    said = [name for clause, name in _ROUTINE_CLAUSES.items() if _option(node, clause) is not None]
    if said:
        ledger.change("routine", names, *said)
    if _option(node, "security") is not None:
        ledger.privilege("change", "routine", names, "security_definer")


def _alter_routine(node: Any, ledger: Ledger) -> None:
    names = routine_names(node.func, ledger)
    ledger.change("routine", names, *_ROUTINE_ATTRIBUTES, *_ROUTINE_CLAUSES.values())
    if any(action.defname == "security" for action in node.actions):
        ledger.privilege("change", "routine", names, "security_definer")


def _create_trigger(node: Any, ledger: Ledger) -> None:
    names = parts_of(ledger.known(node.relation), str(node.trigname))
    ledger.create("trigger", names, certain=not node.replace)
    if node.replace:
        ledger.change("trigger", names, "definition")


def _create_rule(node: Any, ledger: Ledger) -> None:
    names = parts_of(ledger.known(node.relation), str(node.rulename))
    ledger.create("rule", names, certain=not node.replace)
    if node.replace:
        ledger.change("rule", names, "definition")


def _create_policy(node: Any, ledger: Ledger) -> None:
    names = parts_of(ledger.known(node.table), str(node.policy_name))
    ledger.privilege("create", "policy", names)


def _alter_policy(node: Any, ledger: Ledger) -> None:
    names = parts_of(ledger.known(node.table), str(node.policy_name))
    ledger.privilege("change", "policy", names, "*")


def _create_type(node: Any, ledger: Ledger) -> None:
    ledger.create("type", _fresh(strings(node.typeName), ledger))


def _create_composite(node: Any, ledger: Ledger) -> None:
    ledger.create("type", ledger.new(node.typevar))


def _create_domain(node: Any, ledger: Ledger) -> None:
    ledger.create("type", _fresh(strings(node.domainname), ledger))


def _alter_domain(node: Any, ledger: Ledger) -> None:
    words = strings(node.typeName)
    names = _qualified(words, ledger)
    match node.subtype:
        case "C":
            given = node.def_.conname
            tried = (given,) if given else chosen_names(words[-1], "", "check")
            constraint = parts_of(names, *map(str, tried))
            ledger.create("constraint", constraint)
            if node.def_.skip_validation:
                ledger.change("constraint", constraint, "validated")
        case "X":
            ledger.drop("constraint", parts_of(names, node.name), certain=not node.missing_ok)
        case "V":
            constraint = parts_of(names, node.name)
            ledger.mend("constraint", constraint, "validated", "definition")
        case _:
            ledger.change("type", names, "default", "not_null")


def _alter_enum(node: Any, ledger: Ledger) -> None:
    ledger.change("type", _qualified(strings(node.typeName), ledger), "labels")


def _alter_type(node: Any, ledger: Ledger) -> None:
    ledger.change("type", _qualified(strings(node.typeName), ledger), "*")


def _define(node: Any, ledger: Ledger) -> None:
    names = _fresh(strings(node.defnames), ledger)
    certain = not (node.if_not_exists or node.replace)
    if node.kind == ObjectType.OBJECT_AGGREGATE:
        ledger.create("routine", tuple(f"{name}(*)" for name in names), certain=certain)
    elif node.kind == ObjectType.OBJECT_TYPE:
        # A shell comes first, and is filled later.
        ledger.create("type", names, certain=False)
        ledger.change("type", names, "*")
    elif kind := _KINDS.get(node.kind):
        ledger.create(kind, names, certain=certain)
    else:
        kind = node.kind.name.removeprefix("OBJECT_").lower()
        ledger.create(kind, names, certain=certain)
        ledger.unclear(sentence("no expectation can name a {kind}", kind=kind))


def _create_conversion(node: Any, ledger: Ledger) -> None:
    ledger.create("conversion", _fresh(strings(node.conversion_name), ledger))


def _alter_text_search(node: Any, ledger: Ledger) -> None:
    if isinstance(node, ast.AlterTSConfigurationStmt):
        names = _qualified(strings(node.cfgname), ledger)
        ledger.change("text search configuration", names, "mappings")
    else:
        names = _qualified(strings(node.dictname), ledger)
        ledger.change("text search dictionary", names, "dictinitoption")


def _create_extension(node: Any, ledger: Ledger) -> None:
    ledger.create("extension", (quoted(node.extname),), certain=not node.if_not_exists)
    if _option(node, "cascade") is not None:
        ledger.unclear(sentence("CASCADE creates the extensions that it needs"))


def _alter_extension(node: Any, ledger: Ledger) -> None:
    ledger.change("extension", (quoted(node.extname),), "version")


def _create_schema(node: Any, ledger: Ledger) -> None:
    name = str(node.schemaname or getattr(node.authrole, "rolename", None) or "*")
    ledger.create("schema", (quoted(name),), certain=not node.if_not_exists)
    path = ledger.search_path
    ledger.search_path = (name, *path)
    for element in node.schemaElts or ():
        define(element, ledger)
    ledger.search_path = path


def _create_statistics(node: Any, ledger: Ledger) -> None:
    table = node.relations[0]
    if node.defnames:
        names = _fresh(strings(node.defnames), ledger)
    else:
        schemas = schemas_of(ledger.known(table))
        columns = [str(element.name or "expr") for element in node.exprs]
        tried = chosen_names(str(table.relname), joined_columns(columns), "stat")
        names = parts_of(schemas, *tried)
    ledger.create("statistics", names, certain=not node.if_not_exists)


def _alter_statistics(node: Any, ledger: Ledger) -> None:
    ledger.change("statistics", _qualified(strings(node.defnames), ledger), "statistics_target")


def _comment(node: Any, ledger: Ledger) -> None:
    kind = _KINDS.get(node.objtype)
    if kind is None:
        ledger.unclear(sentence("no expectation can name what it comments on"))
        return
    is_database = kind == "database"
    names = ("this database",) if is_database else names_of(node.objtype, node.object, ledger)
    # The name narrowed to the object: its parts have comments of their own.
    ledger.change(kind, names, "comment")


def _drop(node: Any, ledger: Ledger) -> None:
    kind = _KINDS.get(node.removeType)
    cascades = node.behavior == enums.DropBehavior.DROP_CASCADE
    if kind is None:
        ledger.unclear(sentence("no expectation can name what it drops"))
        return
    for item in node.objects:
        names = names_of(node.removeType, item, ledger)
        if kind == "policy":
            ledger.privilege("drop", kind, names)
            continue
        ledger.drop(kind, names, certain=not node.missing_ok)
        if kind == "schema" and cascades:
            for each in IN_A_SCHEMA:
                ledger.drop(each, parts_of(names, "*"), certain=False)
    if cascades:
        ledger.cascade()


def _rename(node: Any, ledger: Ledger) -> None:
    kind = _KINDS.get(node.renameType)
    new_name = str(node.newname)
    if kind is None:
        ledger.unclear(sentence("no expectation can name what it renames"))
        return
    certain = not node.missing_ok
    if kind in PARTS:
        wholes = (
            _qualified(strings(node.object), ledger)
            if node.renameType == ObjectType.OBJECT_DOMCONSTRAINT
            else ledger.known(node.relation)
        )
        old, new = parts_of(wholes, str(node.subname)), parts_of(wholes, new_name)
        if kind == "policy":
            ledger.privilege("drop", kind, old)
            ledger.privilege("create", kind, new)
            return
        ledger.rename(kind, old, new, certain=certain)
        if kind == "constraint":
            # Its index has the same name, in the table's schema.
            schemas = schemas_of(wholes)
            _maybe_rename(
                "index", parts_of(schemas, str(node.subname)), parts_of(schemas, new_name), ledger
            )
        return
    if kind == "schema":
        _rename_schema(str(node.subname), new_name, ledger)
        return
    if kind in _GLOBAL:
        global_name = str(node.subname or getattr(node.object, "sval", ""))
        ledger.rename(kind, (quoted(global_name),), (quoted(new_name),), certain=certain)
        return
    old = _names_before(node.renameType, node, ledger)
    ledger.rename(kind, old, tuple(_with_name(name, new_name) for name in old), certain=certain)
    if kind == "index":
        # The index of a constraint gives it its name.
        pairs = [whole_and_part(name) for name in old]
        _maybe_rename(
            "constraint",
            tuple(f"{schema}.*.{bare}" for schema, bare in pairs),
            tuple(f"{schema}.*.{quoted(new_name)}" for schema, _ in pairs),
            ledger,
        )


def _names_before(object_type: Any, node: Any, ledger: Ledger) -> Names:
    if node.relation is not None:
        return ledger.known(node.relation)
    return names_of(object_type, node.object, ledger)


def _maybe_rename(kind: str, old: Names, new: Names, ledger: Ledger) -> None:
    ledger.drop(kind, old, certain=False)
    ledger.create(kind, new, certain=False)


def _rename_schema(old: str, new: str, ledger: Ledger) -> None:
    ledger.rename("schema", (quoted(old),), (quoted(new),))
    for each in (*IN_A_SCHEMA, *sorted(PARTS)):
        _maybe_rename(each, (f"{quoted(old)}.*",), (f"{quoted(new)}.*",), ledger)


def _with_name(name: str, new: str) -> str:
    (schema, _), arguments = split(name)
    return f"{schema}.{quoted(new)}{arguments}"


def _set_schema(node: Any, ledger: Ledger) -> None:
    kind = _KINDS.get(node.objectType)
    if kind is None:
        ledger.unclear(sentence("no expectation can name what it moves"))
        return
    if kind == "extension":
        ledger.change(kind, (quoted(str(node.object.sval)),), "schema")
        return
    old = _names_before(node.objectType, node, ledger)
    new = tuple(f"{quoted(node.newschema)}.{_after_schema(name)}" for name in old)
    ledger.rename(kind, old, new, certain=not node.missing_ok)


def _after_schema(name: str) -> str:
    (_, bare), arguments = split(name)
    return bare + arguments


def _owner(node: Any, ledger: Ledger) -> None:
    kind = _KINDS.get(node.objectType)
    if kind is None or kind == "database":
        ledger.privilege("change", "database", ("this database",), "owner")
    else:
        ledger.privilege("change", kind, names_of(node.objectType, node.object, ledger), "owner")


def _grant(node: Any, ledger: Ledger) -> None:
    kind = _KINDS.get(node.objtype, "table")
    if kind == "database":
        ledger.privilege("change", kind, ("this database",), "privileges")
        return
    for item in node.objects or ():
        if node.targtype == enums.GrantTargetType.ACL_TARGET_ALL_IN_SCHEMA:
            names = parts_of((quoted(str(item.sval)),), "*")
        elif isinstance(item, ast.RangeVar):
            names = ledger.known(item)
        else:
            names = names_of(node.objtype, item, ledger)
        columns = [word for each in node.privileges or () for word in strings(each.cols)]
        if columns:
            ledger.privilege("change", "column", parts_of(names, *columns), "privileges")
        else:
            ledger.privilege("change", kind, names, "privileges")


def _default_privileges(_node: Any, ledger: Ledger) -> None:
    effects: tuple[Effect, ...] = ("create", "change", "drop")
    for effect in effects:
        attributes = ("*",) if effect == "change" else ()
        ledger.privilege(effect, "default privileges", ("*",), *attributes)


def _create_role(node: Any, ledger: Ledger) -> None:
    ledger.privilege("create", "role", (quoted(node.role),))


def _alter_role(node: Any, ledger: Ledger) -> None:
    ledger.privilege("change", "role", (quoted(str(node.role.rolename)),), "*")


def _drop_role(node: Any, ledger: Ledger) -> None:
    for role in node.roles:
        ledger.privilege("drop", "role", (quoted(str(role.rolename)),))


def _grant_role(node: Any, ledger: Ledger) -> None:
    for role in node.grantee_roles:
        ledger.privilege("change", "role", (quoted(str(role.rolename)),), "member_of")


def _setting(node: Any, ledger: Ledger) -> None:
    role = getattr(node, "role", None)
    of_role = "all roles" if role is None else quoted(str(role.rolename or "*"))
    here = " in this database" if getattr(node, "dbname", None) or node.database else ""
    name = f"{node.setstmt.name or '*'} of {of_role}{here}"
    ledger.create("setting", (name,), certain=False)
    ledger.change("setting", (name,), "value")
    if "RESET" in node.setstmt.kind.name or node.setstmt.kind.name == "VAR_SET_DEFAULT":
        ledger.drop("setting", (name,), certain=False)


def _database_setting(node: Any, ledger: Ledger) -> None:
    name = f"{node.setstmt.name or '*'} of all roles in this database"
    ledger.change("setting", (name,), "value")
    if "RESET" in node.setstmt.kind.name or node.setstmt.kind.name == "VAR_SET_DEFAULT":
        ledger.drop("setting", (name,), certain=False)
    else:
        ledger.create("setting", (name,), certain=False)


def _server_setting(node: Any, ledger: Ledger) -> None:
    name = (str(node.setstmt.name or "*"),)
    ledger.create("server setting", name, certain=False)
    ledger.change("server setting", name, "*")


def _create_publication(node: Any, ledger: Ledger) -> None:
    ledger.create("publication", (quoted(node.pubname),))


def _alter_publication(node: Any, ledger: Ledger) -> None:
    lists_all = node.action == enums.AlterPublicationAction.AP_SetObjects
    ledger.change("publication", (quoted(node.pubname),), "*", lists_all=lists_all)


def _create_event_trigger(node: Any, ledger: Ledger) -> None:
    ledger.create("event trigger", (quoted(node.trigname),))


def _alter_event_trigger(node: Any, ledger: Ledger) -> None:
    says = ledger.change if node.tgenabled != "D" else partial(ledger.privilege, "change")
    says("event trigger", (quoted(node.trigname),), "enabled")


def _refresh(node: Any, ledger: Ledger) -> None:
    names = ledger.known(node.relation)
    if node.skipData:
        ledger.change("materialized view", names, "populated")
    else:
        ledger.mend("materialized view", names, "populated")
    ledger.write(names, "refresh")


def _cluster(node: Any, ledger: Ledger) -> None:
    if node.relation is not None and node.indexname:
        ledger.change("table", ledger.known(node.relation), "clustered")


def _transaction(node: Any, ledger: Ledger) -> None:
    if node.kind == enums.TransactionStmtKind.TRANS_STMT_ROLLBACK_TO:
        ledger.doubt()


def _unclear(why: str) -> Callable[[Any, Ledger], None]:
    return lambda _node, ledger: ledger.unclear(why)


def _each(types: Iterable[Any], act: Callable[[Any, Ledger], None]) -> dict[Any, Any]:
    return dict.fromkeys(types, act)


_ACTS: Mapping[Any, Callable[[Any, Ledger], None]] = {
    ast.CreateStmt: create_table,
    ast.CreateForeignTableStmt: _create_foreign_table,
    ast.AlterTableStmt: alter_table,
    ast.CreateTableAsStmt: _create_table_as,
    ast.ViewStmt: _create_view,
    ast.IndexStmt: _create_index,
    ast.CreateSeqStmt: _create_sequence,
    ast.AlterSeqStmt: _alter_sequence,
    ast.CreateFunctionStmt: _create_routine,
    ast.AlterFunctionStmt: _alter_routine,
    ast.CreateTrigStmt: _create_trigger,
    ast.RuleStmt: _create_rule,
    ast.CreatePolicyStmt: _create_policy,
    ast.AlterPolicyStmt: _alter_policy,
    **_each((ast.CreateEnumStmt, ast.CreateRangeStmt), _create_type),
    ast.CompositeTypeStmt: _create_composite,
    ast.CreateDomainStmt: _create_domain,
    ast.AlterDomainStmt: _alter_domain,
    ast.AlterEnumStmt: _alter_enum,
    ast.AlterTypeStmt: _alter_type,
    ast.DefineStmt: _define,
    ast.CreateConversionStmt: _create_conversion,
    **_each((ast.AlterTSConfigurationStmt, ast.AlterTSDictionaryStmt), _alter_text_search),
    ast.CreateExtensionStmt: _create_extension,
    ast.AlterExtensionStmt: _alter_extension,
    ast.CreateSchemaStmt: _create_schema,
    ast.CreateStatsStmt: _create_statistics,
    ast.AlterStatsStmt: _alter_statistics,
    ast.CommentStmt: _comment,
    ast.DropStmt: _drop,
    ast.RenameStmt: _rename,
    ast.AlterObjectSchemaStmt: _set_schema,
    ast.AlterOwnerStmt: _owner,
    ast.GrantStmt: _grant,
    ast.AlterDefaultPrivilegesStmt: _default_privileges,
    ast.CreateRoleStmt: _create_role,
    ast.AlterRoleStmt: _alter_role,
    ast.DropRoleStmt: _drop_role,
    ast.GrantRoleStmt: _grant_role,
    ast.AlterRoleSetStmt: _setting,
    ast.AlterDatabaseSetStmt: _database_setting,
    ast.AlterSystemStmt: _server_setting,
    ast.CreatePublicationStmt: _create_publication,
    ast.AlterPublicationStmt: _alter_publication,
    ast.CreateEventTrigStmt: _create_event_trigger,
    ast.AlterEventTrigStmt: _alter_event_trigger,
    ast.RefreshMatViewStmt: _refresh,
    ast.ClusterStmt: _cluster,
    ast.TransactionStmt: _transaction,
    ast.DoStmt: _unclear(sentence("a DO block may do more than it spells out")),
    ast.CallStmt: _unclear(sentence("what a procedure does is not told by its call")),
    ast.ExecuteStmt: _unclear(
        sentence("what a prepared statement does is not told by its execution")
    ),
    **_each(
        (ast.DropOwnedStmt, ast.ReassignOwnedStmt, ast.ImportForeignSchemaStmt),
        _unclear(sentence("it reaches objects that it does not name")),
    ),
}
_WITHOUT_EFFECT = frozenset(
    {
        ast.AlterObjectDependsStmt,
        ast.CheckPointStmt,
        ast.ClosePortalStmt,
        ast.ConstraintsSetStmt,
        ast.DeallocateStmt,
        ast.DiscardStmt,
        ast.FetchStmt,
        ast.ListenStmt,
        ast.LockStmt,
        ast.NotifyStmt,
        ast.PrepareStmt,
        ast.ReindexStmt,
        ast.SecLabelStmt,
        ast.UnlistenStmt,
        ast.VacuumStmt,
        ast.VariableSetStmt,
        ast.VariableShowStmt,
    }
)
