"""Finds statements that reach beyond the database they are run in.

Roles, tablespaces, other databases and the server's own settings belong to the whole server; files,
programs, other servers and untrusted languages to the machine and what is around it. On a server
that was started for the run, what belongs to the server goes with it; on anybody else's it would
stay. A program is run nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pglast
from pglast import ast
from pglast.visitors import Visitor

from shadowgate.errors import ScriptError, UsageError
from shadowgate.language import joined, sentence
from shadowgate.migrate.findings import ScriptFinding
from shadowgate.migrate.hazards import BY_ID
from shadowgate.migrate.kinds import parse_one, plpgsql_children, plpgsql_constant, plpgsql_tree
from shadowgate.migrate.script import Script, Statement

REACHES_OUTSIDE = "reaches-outside"
_SERVER_WIDE = (
    ast.AlterSystemStmt,
    ast.CreatedbStmt,
    ast.DropdbStmt,
    ast.AlterDatabaseStmt,
    ast.AlterDatabaseSetStmt,
    ast.AlterDatabaseRefreshCollStmt,
    ast.CreateRoleStmt,
    ast.AlterRoleStmt,
    ast.AlterRoleSetStmt,
    ast.DropRoleStmt,
    ast.GrantRoleStmt,
    ast.CreateTableSpaceStmt,
    ast.DropTableSpaceStmt,
    ast.AlterTableSpaceOptionsStmt,
    ast.CreateSubscriptionStmt,
)
_FILE_FUNCTIONS = frozenset(
    {
        "lo_export",
        "lo_import",
        "pg_file_rename",
        "pg_file_sync",
        "pg_file_unlink",
        "pg_file_write",
        "pg_logdir_ls",
        "pg_ls_archive_statusdir",
        "pg_ls_dir",
        "pg_ls_logdir",
        "pg_ls_tmpdir",
        "pg_ls_waldir",
        "pg_read_binary_file",
        "pg_read_file",
        "pg_stat_file",
    }
)
_UNTRUSTED_EXTENSIONS = frozenset({"dblink", "postgres_fdw", "file_fdw", "adminpack"})
_NATIVE_LANGUAGES = frozenset({"c", "internal"})


def statements_beyond(script: Script) -> tuple[Statement, ...]:
    """List the statements that change something outside of the database.

    What a DO block or a function puts together at run time cannot be told; neither can a script
    that needs psql.
    """
    return tuple(
        statement
        for statement in script.statements
        if isinstance(parse_one(statement.sql), _SERVER_WIDE)
    )


def refuse_beyond(script: Script) -> None:
    """Refuse a script that would change a server that is not ours.

    Raises:
        UsageError: names the first statement that reaches beyond the database.
        ScriptError: as :func:`refuse_programs`.
    """
    refuse_programs(script)
    beyond = statements_beyond(script)
    if script.needs_psql:
        raise UsageError(
            sentence(
                "What {name} does cannot be known before psql runs it: {needs_psql}.",
                name=script.path.name,
                needs_psql=script.needs_psql,
            ),
            where=str(script.path),
            todo="Validate it on a server that this run starts: --server local or container.",
        )
    if beyond:
        first = beyond[0]
        raise UsageError(
            sentence(
                "{name} would change more than its database: {kind}.",
                name=script.path.name,
                kind=first.kind,
            ),
            where=sentence(
                "{script}, line {line}: {statement}",
                script=script.path,
                line=first.line,
                statement=first.excerpt,
            ),
            todo="Validate it on a server that this run starts: --server local or container.",
        )


def refuse_programs(script: Script) -> None:
    """Refuse a script that has the server run a program, on whatever server.

    psql's own commands were refused when the script was read.

    Raises:
        ScriptError: names the first statement that does.
    """
    for statement in script.statements:
        if any(isinstance(node, ast.CopyStmt) and node.is_program for node in _nodes(statement)):
            raise ScriptError(
                "The script uses COPY … PROGRAM, which runs a program on the server.",
                where=sentence(
                    "{script}, line {line}: {statement}",
                    script=str(script.path),
                    line=statement.line,
                    statement=statement.excerpt,
                ),
                todo="Write the migration as SQL that changes its own database only.",
            )


def outside_effects(script: Script) -> tuple[ScriptFinding, ...]:
    """Find what reaches beyond the database, one finding for each statement that does.

    Bodies in SQL and PL/pgSQL are read too; what they put together at run time cannot be told.
    """
    found: list[ScriptFinding] = []
    for statement in script.statements:
        reasons = dict.fromkeys(
            reason for node in _nodes(statement) if (reason := _reason(node, statement))
        )
        if reasons:
            found.append(
                ScriptFinding(
                    rule=REACHES_OUTSIDE,
                    message=joined("; ", reasons),
                    line=statement.line,
                    statement=statement.excerpt,
                    source="script",
                    link=BY_ID[REACHES_OUTSIDE].source,
                )
            )
    return tuple(found)


def _reason(node: Any, statement: Statement) -> str:
    """What a node reaches, as a clause; empty if it stays within the database."""
    if isinstance(node, _SERVER_WIDE):
        return sentence("{kind} belongs to the whole server", kind=statement.kind)
    say = _REASONS.get(type(node))
    return say(node) if say else ""


def _of_copy(node: Any) -> str:
    if node.is_program:
        return sentence("runs a program on the server")
    if node.filename is None:
        return ""
    if node.is_from:
        return sentence("reads the server's file {file}", file=node.filename)
    return sentence("writes the server's file {file}", file=node.filename)


def _of_call(node: Any) -> str:
    name = str(node.funcname[-1].sval).lower()
    if name in _FILE_FUNCTIONS:
        return sentence("{function} reads or writes files of the server", function=name)
    if not name.startswith("dblink"):
        return ""
    return sentence("{function} goes to another server", function=name)


def _of_language(node: Any) -> str:
    language = _language_of(node)
    untrusted = language in _NATIVE_LANGUAGES or (
        language.startswith("pl") and language.endswith("u")
    )
    if not untrusted:
        return ""
    return sentence(
        "the language {language} is untrusted: its code may do anything", language=language
    )


def _language_of(node: Any) -> str:
    options = (node.args if isinstance(node, ast.DoStmt) else node.options) or ()
    return next((str(each.arg.sval).lower() for each in options if each.defname == "language"), "")


def _of_extension(node: Any) -> str:
    name = str(node.extname).lower()
    untrusted = name in _UNTRUSTED_EXTENSIONS or (name.startswith("pl") and name.endswith("u"))
    if not untrusted:
        return ""
    return sentence("the extension {extension} reaches outside of the database", extension=name)


# Typed Any: every attribute of pglast's classes is declared optional, though the grammar always
# fills these.
_REASONS: Mapping[type[ast.Node], Callable[[Any], str]] = {
    ast.CopyStmt: _of_copy,
    ast.FuncCall: _of_call,
    ast.CreateFunctionStmt: _of_language,
    ast.DoStmt: _of_language,
    ast.CreateExtensionStmt: _of_extension,
    ast.CreateForeignServerStmt: lambda node: sentence(
        "the foreign server {server} is elsewhere", server=node.servername
    ),
    ast.CreateUserMappingStmt: lambda node: sentence(
        "it holds a login for {server}", server=node.servername
    ),
    ast.LoadStmt: lambda node: sentence(
        "loads the library {file} into the server", file=node.filename
    ),
}


class _Collector(Visitor):
    def __init__(self) -> None:
        self.nodes: list[ast.Node] = []

    def visit(self, _ancestors: object, node: ast.Node) -> None:
        """Keep a node; the name is pglast's."""
        self.nodes.append(node)


def _nodes(statement: Statement) -> Iterator[ast.Node]:
    """Every node of a statement and of the bodies in it."""
    for text in (statement.sql, *_bodies(statement)):
        try:
            raw = pglast.parse_sql(text)
        except pglast.parser.ParseError:
            continue
        collector = _Collector()
        for item in raw:
            collector(item)
        yield from collector.nodes


def _bodies(statement: Statement) -> Iterator[str]:
    """The SQL in a routine's body or a DO block, piece by piece."""
    node: Any = parse_one(statement.sql)
    if isinstance(node, ast.DoStmt):
        yield from _queries(plpgsql_tree(statement.sql))
    elif isinstance(node, ast.CreateFunctionStmt):
        if _language_of(node) == "sql":
            for option in node.options or ():
                if option.defname == "as":
                    yield str(option.arg[0].sval)
        else:
            yield from _queries(plpgsql_tree(statement.sql))


def _queries(tree: Any) -> Iterator[str]:
    """Every query and expression of a PL/pgSQL tree; an expression as what SELECT would give.

    A string that EXECUTE is given as it stands is a query too.
    """
    for key, child in plpgsql_children(tree):
        if key == "query" and isinstance(child, str):
            yield child
            yield f"SELECT {child}"
            yield f"SELECT {child.partition(':=')[2]}"
            constant = plpgsql_constant(child)
            if constant is not None:
                yield constant
        else:
            yield from _queries(child)
