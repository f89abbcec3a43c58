"""What statements announce of rows, and what they call that may do more than they say."""

from __future__ import annotations

from typing import Any

from pglast import ast, enums
from pglast.visitors import Visitor

from shadowgate.language import sentence
from shadowgate.migrate.announced.functions import SEQUENCE_FUNCTIONS, may_write
from shadowgate.migrate.announced.ledger import Ledger
from shadowgate.migrate.announced.names import strings
from shadowgate.migrate.kinds import string_constant

_QUERIES = (
    ast.SelectStmt,
    ast.InsertStmt,
    ast.UpdateStmt,
    ast.DeleteStmt,
    ast.MergeStmt,
    ast.CreateTableAsStmt,
    ast.CopyStmt,
    ast.ExplainStmt,
    ast.DeclareCursorStmt,
)


def write_rows(node: Any, ledger: Ledger) -> bool:
    """Note the rows that a statement writes; false if it is no query and no TRUNCATE."""
    if isinstance(node, ast.TruncateStmt):
        _truncate(node, ledger)
        return True
    if not isinstance(node, _QUERIES):
        return False
    if isinstance(node, ast.ExplainStmt) and not _is_carried_out(node):
        return True
    _Writes(ledger)(node)
    return True


class _Writes(Visitor):
    """Finds what a query writes, in common table expressions too."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def visit_InsertStmt(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        table = self._ledger.known(node.relation)
        self._ledger.write(table, "insert")
        conflict = node.onConflictClause
        if conflict is not None and conflict.targetList:
            self._ledger.write(table, "update", _assigned(conflict.targetList))

    def visit_UpdateStmt(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        self._ledger.write(self._ledger.known(node.relation), "update", _assigned(node.targetList))

    def visit_DeleteStmt(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        self._ledger.write(self._ledger.known(node.relation), "delete")

    def visit_MergeStmt(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        table = self._ledger.known(node.relation)
        for clause in node.mergeWhenClauses:
            if clause.commandType == enums.CmdType.CMD_UPDATE:
                self._ledger.write(table, "update", _assigned(clause.targetList))
            elif clause.commandType == enums.CmdType.CMD_INSERT:
                self._ledger.write(table, "insert")
            elif clause.commandType == enums.CmdType.CMD_DELETE:
                self._ledger.write(table, "delete")

    def visit_CopyStmt(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        if node.is_from:
            self._ledger.write(self._ledger.known(node.relation), "insert")
        elif node.is_program:
            self._ledger.unclear(sentence("it runs a program on the server"))

    def visit_SelectStmt(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        if node.intoClause is not None:
            self._ledger.create("table", self._ledger.new(node.intoClause.rel))

    def visit_FuncCall(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        words = strings(node.funcname)
        schema, name = (words[-2] if len(words) > 1 else ""), words[-1]
        if name in SEQUENCE_FUNCTIONS and schema in ("", "pg_catalog"):
            self._sequence(node)
        elif may_write(schema, name):
            self._ledger.unclear(
                sentence("function {function} may write", function=".".join(words))
            )

    def _sequence(self, node: Any) -> None:
        """Note a sequence that cannot be told.

        Of one that is named nothing need be said: on it may go without a word, as any insert takes
        it on. Back it must not go: the numbers would be given out twice. ALTER SEQUENCE … RESTART
        says that this is meant.
        """
        argument = node.args[0] if node.args else None
        if isinstance(argument, ast.TypeCast):
            argument = argument.arg
        if string_constant(argument) is None:
            self._ledger.unclear(sentence("which sequence it sets is computed"))


def _assigned(targets: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(target.name) for target in targets))


def _truncate(node: Any, ledger: Ledger) -> None:
    for relation in node.relations:
        table = ledger.known(relation)
        ledger.write(table, "truncate")
        # By RESTART IDENTITY or by setval(): no number of an empty table is given out twice.
        ledger.change("table", table, "next_value")
    if node.behavior == enums.DropBehavior.DROP_CASCADE:
        ledger.unclear(sentence("CASCADE empties every table that refers to it"))


def _is_carried_out(node: Any) -> bool:
    return any(option.defname == "analyze" for option in node.options or ())
