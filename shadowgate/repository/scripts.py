"""What the scripts of a pending migration say by themselves, before any server is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from shadowgate.errors import ScriptError
from shadowgate.migrate import (
    Script,
    inline_waivers,
    may_be_one_transaction,
    read_script,
    refuse_programs,
)
from shadowgate.plan.derived import irreversible
from shadowgate.repository.model import Finding, Migration, Part


@dataclass(frozen=True)
class Written:
    """The scripts of a migration as files that a run can be given."""

    up: Path
    down: Path | None
    earlier: Path
    """The script as one that comes before others: with the transaction that its runner opens."""
    transaction: str
    """``file``, ``statement``, or empty where nobody knows."""


def write_scripts(
    migration: Migration, root: Path, workspace: Path, transaction: str
) -> tuple[Written | None, tuple[Finding, ...]]:
    """Make files of a migration's scripts, and look them over.

    Args:
        migration: the migration.
        root: the project's folder.
        workspace: an empty folder for what is only a part of a file.
        transaction: how the runner applies scripts, where the project says so; else as its layout.

    Returns:
        The files, ``None`` if they cannot be run; and what was found.
    """
    up = _file(migration.up, root, workspace / "up")
    down = _file(migration.down, root, workspace / "down") if migration.down else None
    scripts: list[Script] = []
    for part, path in ((migration.up, up), (migration.down, down)):
        if part is not None and path is not None:
            try:
                scripts.append(_looked_over(path))
            except ScriptError as error:
                return None, (_finding(error, part),)
    how = transaction or migration.transactions
    refused = _refused(scripts[0], how, migration)
    if refused is not None:
        return None, (refused,)
    each = [transaction_of(script, how) for script in scripts]
    settled = each[0] if len({*each}) == 1 else "statement"
    earlier = up if each[0] != "file" else _in_one(migration.up, workspace / "earlier")
    return Written(up, down, earlier, settled), _no_way_back(migration)


def transaction_of(script: Script, how: str) -> str:
    """How a runner's own transaction lies around a script.

    Args:
        script: the script.
        how: one of :data:`~shadowgate.repository.model.Transactions`.

    Returns:
        ``file``, ``statement``, or empty where nobody knows.
    """
    if how in ("", "statement"):
        return how
    return "file" if may_be_one_transaction(script) else "statement"


def _refused(script: Script, how: str, migration: Migration) -> Finding | None:
    """Why PostgreSQL or the runner would not take the script as the runner sends it."""
    if how not in ("file", "together"):
        return None
    file = str(migration.up.path)
    if script.needs_psql:
        return Finding("script", file, f"only psql can read it: {script.needs_psql}", _ONLY_SQL)
    alone = [each for each in script.statements if each.must_run_alone and not each.in_transaction]
    if not alone or (how == "together" and len(script.statements) == 1):
        return None
    return Finding(
        "script",
        file,
        f"the runner sends the script in one transaction, which {alone[0].kind} does not allow",
        _SPLIT,
        line=None if migration.up.generated else alone[0].line,
    )


_ONLY_SQL = "write it in SQL: the runner is not psql"
_SPLIT = "move the statement to a migration of its own that is sent without a transaction"


def _no_way_back(migration: Migration) -> tuple[Finding, ...]:
    if migration.down is not None or irreversible(migration.up.text):
        return ()
    return (
        Finding(
            "missing-rollback",
            str(migration.up.path),
            f"there is no way back from {migration.name}",
            "add its rollback, or say why there is none: `-- shadowgate: irreversible: reason`",
        ),
    )


def _file(part: Part, root: Path, folder: Path) -> Path:
    if part.whole:
        return root / part.path
    return _written(part.text, folder / f"{part.path.stem}.sql")


def _in_one(part: Part, folder: Path) -> Path:
    """The script as the runner sends it: its own transaction is written around."""
    return _written(f"BEGIN; {part.text}\n; COMMIT;\n", folder / f"{part.path.stem}.sql")


def _written(text: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def _looked_over(path: Path) -> Script:
    script = read_script(path)
    refuse_programs(script)
    inline_waivers(script)
    return script


def _finding(error: ScriptError, part: Part) -> Finding:
    line = re.search(r", line (\d+)", error.where)
    return Finding(
        "script",
        str(part.path),
        error.what.rstrip(".").replace("The script", "the script", 1),
        error.todo,
        line=int(line[1]) if line and not part.generated else None,
    )
