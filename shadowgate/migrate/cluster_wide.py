"""Finds statements that reach beyond the database they are run in.

Roles, tablespaces, other databases and the server's own settings belong to the whole server. On a
server that was started for the run they go with it; on anybody else's they would stay.
"""

from __future__ import annotations

from pglast import ast

from shadowgate.errors import UsageError
from shadowgate.migrate.script import Script, Statement
from shadowgate.migrate.server_messages import parse_one

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
    """
    beyond = statements_beyond(script)
    if script.needs_psql:
        raise UsageError(
            f"What {script.path.name} does cannot be known before psql runs it: "
            f"{script.needs_psql}.",
            where=str(script.path),
            todo="Validate it on a server that this run starts: --server local or container.",
        )
    if beyond:
        first = beyond[0]
        raise UsageError(
            f"{script.path.name} would change more than its database: {first.kind}.",
            where=f"{script.path}, line {first.line}: {first.excerpt}",
            todo="Validate it on a server that this run starts: --server local or container.",
        )
